"""The options of `server start`: what is refused, and that each is there to be seen."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from server.start_options import start_options


@click.command
@start_options
def command(**_options: object) -> None:
    """Take the options and do nothing."""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--port", "65536"), "--port"),
        (("--zk", "a:b"), "--zk"),
        (("--advertise", "nowhere"), "--advertise"),
        (("--public-url", "https://h/ws"), "--public-url"),
        (("--cluster", "a/b"), "--cluster"),
        (("--path", "ws"), "--path"),
        (("--path", "/a b"), "--path"),
        (("--weight", "0"), "--weight"),
        (("--wait", "-1"), "--wait"),
        (("--auth-secret-file", "/nowhere/at/all"), "--auth-secret-file"),
        (("--zone", "z" * 2000), "--zone"),
        (("--redis", "http://here"), "--redis"),
        (("--amqp", "http://here"), "--amqp"),
    ],
)
def test_a_wrong_option_is_named(arguments: tuple[str, ...], named: str) -> None:
    answer = CliRunner().invoke(command, arguments)
    assert answer.exit_code == 2, answer.output
    assert named in answer.output


def test_every_option_shows_its_help_and_its_variable() -> None:
    for parameter in command.params:
        assert isinstance(parameter, click.Option)
        assert parameter.help, parameter.name
        assert parameter.show_envvar, parameter.name

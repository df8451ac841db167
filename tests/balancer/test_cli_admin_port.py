"""The options of an admin port are the same wherever a command has one."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from balancer.cli_admin_port import admin_port_options


@click.command
@admin_port_options
def command(admin_host: str, admin_port: int | None) -> None:
    """Say what was asked for."""
    click.echo(f"{admin_host} {admin_port}")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "127.0.0.1 None"),
        (("--admin-port", "0"), "127.0.0.1 0"),
        (("--admin-host", "::1", "--admin-port", "9177"), "::1 9177"),
    ],
)
def test_what_is_asked_for(arguments: tuple[str, ...], told: str) -> None:
    answer = CliRunner().invoke(command, arguments)
    assert answer.exit_code == 0, answer.output
    assert answer.output.strip() == told


def test_a_port_that_is_none_is_named() -> None:
    answer = CliRunner().invoke(command, ["--admin-port", "65536"])
    assert answer.exit_code == 2
    assert "--admin-port" in answer.output

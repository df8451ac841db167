"""The command `server`: what it teaches, and that every option can come from the environment."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from cluster import __version__
from server.cli import main


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its name, those from above among them."""
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        yield name, command


def options() -> Iterator[tuple[str, click.Option]]:
    """Yield every option with the name of its command."""
    for name, command in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield name, parameter


def test_the_commands_are_there() -> None:
    names = {name for name, _ in commands()}
    assert {"start", "nodes", "drain", "send", "chat"} <= names
    assert {"trace", "inbox", "top", "completion"} <= names


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_told(option: str) -> None:
    answer = CliRunner().invoke(main, [option])
    assert answer.exit_code == 0
    assert answer.output == f"server, version {__version__}\n"


def test_help_teaches_with_an_example() -> None:
    answer = CliRunner().invoke(main, ["--help"])
    assert answer.exit_code == 0
    for line in ("server start\n", "server nodes --zk", "server send --zk", "IM_SERVER_START_PORT"):
        assert line in answer.output


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_the_summary_of_every_command_fits_into_a_line(name: str) -> None:
    listed = CliRunner().invoke(main, ["--help"], terminal_width=80).output
    [line] = [line for line in listed.splitlines() if line.startswith(f"  {name} ")]
    assert line.endswith("."), line
    assert not line.endswith("..."), line


@pytest.mark.parametrize("name", [name for name, _ in commands() if name != "completion"])
def test_the_help_of_every_command_tells_its_exit_codes(name: str) -> None:
    assert "Exit codes: 0 " in CliRunner().invoke(main, [name, "--help"]).output


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_the_help_of_every_command_has_an_example(name: str) -> None:
    answer = CliRunner().invoke(main, [name, "--help"])
    assert answer.exit_code == 0
    assert "Example" in answer.output
    assert f"server {name}" in answer.output.partition("Example")[2]


@pytest.mark.parametrize(("name", "option"), list(options()), ids=lambda value: str(value))
def test_every_option_says_how_to_set_it_in_the_environment(
    name: str, option: click.Option
) -> None:
    assert option.name is not None
    assert option.show_envvar
    assert option.help
    variable = f"IM_SERVER_{name}_{option.name}".upper()
    text = " ".join(CliRunner().invoke(main, [name, "--help"], terminal_width=200).output.split())
    assert f"[env var: {variable}" in text


def test_the_environment_is_read() -> None:
    environment = {"IM_SERVER_START_PORT": "99999"}
    answer = CliRunner().invoke(main, ["start"], env=environment)
    assert answer.exit_code == 2
    assert "--port" in answer.output


def test_an_unknown_command_is_refused() -> None:
    answer = CliRunner().invoke(main, ["strat"])
    assert answer.exit_code == 2
    assert "strat" in answer.output

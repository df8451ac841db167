"""Options out of a file: which source wins, and what a wrong file is told."""

from __future__ import annotations

import logging
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cluster.config_file import (
    config_option,
    use_for_command,
    use_for_group,
    warn_of_open_secrets,
)


@click.group(context_settings={"auto_envvar_prefix": "T"})
@config_option()
@click.pass_context
def program(context: click.Context, config: Path | None) -> None:
    """Stand for `server` and `balancer`."""
    use_for_group(context, config)


@program.command()
@config_option(is_eager=True, expose_value=False, callback=use_for_command)
@click.option("--port", type=click.IntRange(0, 65535), default=1)
@click.option("--rate", type=click.FloatRange(0), default=0.5)
@click.option("--origin", multiple=True)
@click.option("--level/--no-level", default=True)
@click.option("--zk", is_flag=False, flag_value="here")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text")
@click.option("--auth-secret", default=None)
@click.pass_context
def start(context: click.Context, /, **options: object) -> None:
    """Print the options."""
    warn_of_open_secrets(context)
    click.echo(repr(options))


@program.command()
@click.option("--zk")
@click.option("--json", "as_json", is_flag=True)
def nodes(**options: object) -> None:
    """Print the options, one of which has another name in Python."""
    click.echo(repr(options))


class File:
    """A file and the program that reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, text: str, *words: str, **environ: str) -> Result:
        """Write the file and run the program with `words`; FILE in them is the file."""
        self.path.write_text(text)
        named = [str(self.path) if word == "FILE" else word for word in words]
        return CliRunner().invoke(program, named, env=environ)

    def refusal(self, text: str, *words: str) -> str:
        """Return what the program says against the file; the file's name is in it."""
        answer = self.run(text, *(words or ("--config", "FILE", "start")))
        assert answer.exit_code == 2, answer.output
        assert str(self.path) in answer.output
        return answer.output


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path / "im.toml")


EVERYTHING = """
[start]
port = 7
rate = 2
origin = ["a", "b c"]
level = false
zk = "zk1"
log-format = "json"
"""


@pytest.mark.parametrize(
    "words", [("--config", "FILE", "start"), ("start", "--config", "FILE")], ids=["group", "own"]
)
def test_every_type_is_taken(file: File, words: tuple[str, ...]) -> None:
    answer = file.run(EVERYTHING, *words)
    assert answer.exit_code == 0, answer.output
    for told in ("'port': 7", "'rate': 2.0", "('a', 'b c')", "'level': False", "'zk': 'zk1'"):
        assert told in answer.output
    assert "'log_format': 'json'" in answer.output


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(file: File) -> None:
    text = "[start]\nport = 7\nrate = 7\nlog_format = 'json'"
    answer = file.run(text, "start", "--config", "FILE", "--port", "9", T_START_PORT="8")
    assert "'port': 9" in answer.output
    answer = file.run(text, "--config", "FILE", "start", "--port", "9", T_START_RATE="8")
    assert "'port': 9" in answer.output
    assert "'rate': 8.0" in answer.output
    assert "'log_format': 'json'" in answer.output


def test_the_file_can_be_named_in_the_environment(file: File) -> None:
    assert "'port': 7" in file.run("[start]\nport = 7", "start", T_CONFIG=str(file.path)).output
    own = file.run("[start]\nport = 7", "start", T_START_CONFIG=str(file.path))
    assert "'port': 7" in own.output


def test_what_is_common_reaches_every_command_that_knows_it(file: File) -> None:
    text = "[common]\nzk = 'shared'\nport = 5\n[start]\nzk = 'own'\n[nodes]\njson = true"
    started = file.run(text, "--config", "FILE", "start")
    assert "'zk': 'own'" in started.output
    assert "'port': 5" in started.output
    listed = file.run(text, "--config", "FILE", "nodes")
    assert listed.output == "{'zk': 'shared', 'as_json': True}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[strat]\nport = 1", ("[strat]", "common, nodes, start")),
        ("port = 1", ("'port'", "below [start]")),
        ("[start]\nprot = 1", ("[start]", "'prot'", "log-format", "port")),
        ("[common]\nprot = 1", ("[common]", "'prot'")),
        ("[nodes]\nport = 1", ("[nodes]", "'port'", "json, zk")),
        ("[start]\nconfig = 'x'", ("'config'",)),
        ("[start]\nport = '7'", ("[start] port", "'7'", "whole number")),
        ("[start]\nport = 7.5", ("[start] port", "whole number")),
        ("[start]\nport = true", ("[start] port", "whole number")),
        ("[start]\nrate = 'x'", ("[start] rate", "a number")),
        ("[start]\norigin = 'x'", ("[start] origin", "a list")),
        ("[start]\norigin = [1]", ("[start] origin", "a list")),
        ("[start]\nlevel = 1", ("[start] level", "true or false")),
        ("[start]\nzk = true", ("[start] zk", "text in quotes")),
        ("[start]\nlog-format = 'x'\nlog_format = 'y'", ("log_format", "twice")),
        ("[start]\nport = 70000", ("port is wrong", "65535")),
        ("[start]\nlog-format = 'xml'", ("log-format is wrong", "json")),
        ("[start\n", ("not TOML", "line 1")),
    ],
)
def test_a_wrong_file_is_told_by_name_key_and_cure(
    file: File, text: str, told: tuple[str, ...]
) -> None:
    for words in (("--config", "FILE", "start"), ("start", "--config", "FILE")):
        said = file.refusal(text, *words)
        for word in told:
            assert word in said, said


def test_a_wrong_key_is_told_to_every_command_a_wrong_value_to_its_own(file: File) -> None:
    assert "'prot'" in file.refusal("[start]\nprot = 1", "--config", "FILE", "nodes")
    assert file.run("[start]\nport = 70000", "--config", "FILE", "nodes").exit_code == 0


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    answer = CliRunner().invoke(program, ["--config", str(tmp_path / "no.toml"), "start"])
    assert answer.exit_code == 2
    assert f"cannot read {tmp_path}/no.toml: No such file" in answer.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "mode", "warns"),
    [
        ("auth_secret = 's'", 0o644, True),
        ("zk = 'amqp://me:pw@mq'", 0o644, True),
        ("auth-secret = 's'", 0o640, False),
        ("zk = 'amqp://me@mq'", 0o644, False),
    ],
)
def test_a_secret_that_everyone_may_read_is_warned_of(
    file: File, text: str, mode: int, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    file.path.touch()
    file.path.chmod(mode)
    with caplog.at_level(logging.WARNING):
        for words in (("--config", "FILE", "start"), ("start", "--config", "FILE")):
            caplog.clear()
            answer = file.run(f"[start]\n{text}", *words)
            assert answer.exit_code == 0, answer.output
            assert (f"chmod o-r {file.path}" in caplog.text) == warns

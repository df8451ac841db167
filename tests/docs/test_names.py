"""Commands that the prose names in passing, as `server nodes --watch`, have what is named there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import click
import pytest

from scripts.stack.paths import ROOT
from tests.docs.blocks import pages
from tests.docs.checks import PROGRAMS
from tests.docs.test_links import prose

_SPAN = re.compile(r"`((?:server|balancer) [^`]+|scripts/[\w-]+[^`/]*)`")


def named() -> Iterator[str]:
    """Yield each command that stands in the prose of a page."""
    found = {span for page in pages() for span in _SPAN.findall(prose(page).replace("\n", " "))}
    yield from sorted(found)


def options_of(words: list[str]) -> set[str]:
    """Return the options of `server …` or `balancer …`, up to its command if it names one."""
    group = PROGRAMS[words[0]]
    context = click.Context(group)
    commands: list[click.Command] = [group]
    if not words[1].startswith("-"):
        command = group.get_command(context, words[1])
        assert command is not None, f"{words[0]} has no command {words[1]}"
        commands.append(command)
    return {
        name
        for command in commands
        for parameter in command.get_params(context)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("text", [text for text in named() if not text.startswith("scripts/")])
def test_a_program_has_the_command_and_the_options(text: str) -> None:
    words = text.split()
    wanted = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert wanted - options_of(words) == set()


@pytest.mark.parametrize("text", [text for text in named() if text.startswith("scripts/")])
def test_a_script_is_there_and_has_the_options(text: str) -> None:
    script, *words = text.split()
    assert os.access(ROOT / script, os.X_OK)
    code = "".join(path.read_text() for path in (ROOT / "scripts").rglob("*.py"))
    for word in words:
        # What goes on to pytest is not ours, and libraries bring `--help`.
        if word.startswith("--") and word != "--help" and script != "scripts/test":
            assert re.search(rf'"{word}[/"]', code), f"no script knows {word}"


def test_commands_are_found_in_the_prose() -> None:
    found = list(named())
    assert "server nodes --zk --json" in found
    assert "scripts/chaos --break-delivery --faults none" in found

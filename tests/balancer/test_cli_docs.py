"""What the pages in `docs/` say of the commands is what the commands take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from balancer.cli import main

DOCS = Path(__file__).parents[2] / "docs"

# Where the options of each command stand; those of `start` are on the balancer's own page.
PAGES = {"start": "balancer.md", "nginx": "nginx.md", "gateway": "gateway.md"}


def options() -> Iterator[tuple[str, click.Option]]:
    """Yield every option with the name of its command."""
    for name, command in main.commands.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield name, parameter


def section(name: str) -> str:
    """Return what a page says under the heading of a command's options."""
    text = (DOCS / PAGES[name]).read_text()
    found = text.partition(f"## Options of `balancer {name}`\n")[2]
    assert found, f"{PAGES[name]} has no options of {name}"
    return re.split(r"\n## ", found)[0]


def test_every_command_has_its_page() -> None:
    # `completion`, the same for both programs, has no options.
    assert set(main.commands) == {*PAGES, "completion"}
    assert "`balancer completion" in (DOCS / "operations-commands.md").read_text()
    for name in PAGES:
        assert f"`IM_BALANCER_{name.upper()}_`" in " ".join(section(name).split())


@pytest.mark.parametrize(("name", "option"), list(options()), ids=lambda value: str(value))
def test_every_option_is_described(name: str, option: click.Option) -> None:
    assert option.show_envvar
    assert option.help
    rows = [line for line in section(name).splitlines() if line.startswith("|")]
    [row] = [row for row in rows if re.search(rf"`{option.opts[0]}[ `]", row.split("|")[1])]
    if isinstance(option.default, int | float | str) and option.default not in ("", False):
        default = option.default
        shown = f"{default:.15g}" if isinstance(default, float) else str(default)
        assert re.search(rf"(?<!\w){re.escape(shown)}(?!\w)", row), row


@pytest.mark.parametrize(("name", "option"), list(options()), ids=lambda value: str(value))
def test_every_option_says_how_to_set_it_in_the_environment(
    name: str, option: click.Option
) -> None:
    variable = f"IM_BALANCER_{name}_{option.opts[-1].removeprefix('--')}".upper().replace("-", "_")
    text = " ".join(CliRunner().invoke(main, [name, "--help"], terminal_width=200).output.split())
    assert f"[env var: {variable}" in text

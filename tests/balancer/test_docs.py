"""What `docs/` says of the balancer is what its code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from prometheus_client import generate_latest

from balancer.cli import main
from balancer.failures import FailureMemory
from balancer.feed import Feed
from balancer.metrics import Metrics
from tests.balancer.registries import HandRegistry

DOCS = Path(__file__).parents[2] / "docs"
BALANCER = (DOCS / "balancer.md").read_text()
CONFIGURATION = (DOCS / "configuration.md").read_text()
METRICS = (DOCS / "metrics.md").read_text()


def options() -> Iterator[tuple[str, click.Option]]:
    """Yield every option with the name of its command."""
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield name, parameter


@pytest.mark.parametrize(("name", "option"), list(options()), ids=lambda value: str(value))
def test_every_option_is_described_and_has_a_variable(name: str, option: click.Option) -> None:
    assert option.help
    assert option.show_envvar
    section = BALANCER.partition(f"`balancer {name}")[2]
    section = BALANCER.partition(f"## Options of `balancer {name}`")[2] or section
    section = re.split(r"\n## ", section)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `--")]
    assert any(re.search(rf"`{option.opts[0]}[ `]", row) for row in rows), option.opts[0]
    variable = f"IM_BALANCER_{name}_{option.name}".upper()
    text = " ".join(CliRunner().invoke(main, [name, "--help"], terminal_width=200).output.split())
    assert f"[env var: {variable}" in text
    assert f"IM_BALANCER_{name.upper()}_" in BALANCER


def test_options_of_the_program_itself_are_described() -> None:
    for option in main.params:
        if isinstance(option, click.Option) and option.show_envvar:
            start = f"| `balancer {option.opts[0]} "
            [row] = [line for line in CONFIGURATION.splitlines() if line.startswith(start)]
            assert f"`IM_BALANCER_{option.name}`".upper() in row


def test_defaults_of_start_are_told() -> None:
    for name, option in options():
        if name == "start" and isinstance(option.default, int | float | str) and option.default:
            [row] = [
                line
                for line in BALANCER.splitlines()
                if re.match(rf"\| (`[^|]*, )?`{option.opts[0]}[ `]", line)
            ]
            told = f"{option.default:g}" if isinstance(option.default, float) else option.default
            assert re.search(rf"`?\b{re.escape(str(told))}`?", row.split("|")[3]), row


async def test_every_metric_is_described_with_its_type_and_labels() -> None:
    metrics = Metrics(Feed(HandRegistry(), wait=None), FailureMemory(lambda: 0.0))
    text = generate_latest(metrics.registry).decode()
    printed = {
        name: kind
        for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
        # The moments at which counters began; the page tells of them in one sentence.
        if not name.endswith("_created")
    }
    row = re.compile(
        r"^\| `(im_balancer_\w+)(\{[\w,]+\})?` \| (\w+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE
    )
    told = {match[1]: match[3] for match in row.finditer(METRICS)}
    assert told == printed
    labels = {match[1]: match[2] for match in row.finditer(METRICS) if match[2]}
    assert labels == {
        "im_balancer_picks_total": "{policy}",
        "im_balancer_requests_total": "{path,status}",
    }
    assert metrics.picks._labelnames == ("policy",)
    assert metrics.requests._labelnames == ("path", "status")

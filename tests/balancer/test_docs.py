"""What `docs/` says of the balancer is what its code does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from balancer.cli import main
from balancer.failures import FailureMemory
from balancer.feed import Feed
from balancer.gateway_metrics import GatewayMetrics
from balancer.metrics import Metrics
from balancer.nginx_metrics import NginxMetrics
from cluster.snapshot import Snapshot
from tests.balancer.registries import HandRegistry

DOCS = Path(__file__).parents[2] / "docs"
CONFIGURATION = (DOCS / "configuration.md").read_text()
METRICS = (DOCS / "metrics.md").read_text()


def test_options_of_the_program_itself_are_described() -> None:
    for option in main.params:
        if isinstance(option, click.Option) and option.show_envvar:
            start = f"| `balancer {option.opts[0]} "
            [row] = [line for line in CONFIGURATION.splitlines() if line.startswith(start)]
            assert f"`IM_BALANCER_{option.name}`".upper() in row


_ROW = re.compile(
    r"^\| `(im_\w+)(?:\{([\w,]+)\})?` \| (\w+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE
)


def of_balancer() -> CollectorRegistry:
    return Metrics(Feed(HandRegistry(), wait=None), FailureMemory(lambda: 0.0)).registry


@pytest.mark.parametrize(
    ("heading", "make"),
    [
        ("The balancer", of_balancer),
        ("The gateway", lambda: GatewayMetrics(Snapshot, lambda: 0).registry),
        ("nginx's list", lambda: NginxMetrics(Snapshot, lambda: True).registry),
    ],
)
async def test_every_metric_is_described_with_its_type_and_labels(
    heading: str, make: Callable[[], CollectorRegistry]
) -> None:
    registry = make()
    text = generate_latest(registry).decode()
    printed = {
        name: kind
        for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
        # The moments at which counters began; the page tells of them in one sentence.
        if not name.endswith("_created")
    }
    section = METRICS.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = list(_ROW.finditer(section))
    assert {row[1]: row[3] for row in rows} == printed
    labels = {row[1].removesuffix("_total"): tuple((row[2] or "").split(",")) for row in rows}
    for collector in registry._collector_to_names:
        name = getattr(collector, "_name", "")
        assert labels[name] == (getattr(collector, "_labelnames", ()) or ("",)), name

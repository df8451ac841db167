"""Every counter of a node is shown to Prometheus, with its value."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

from prometheus_client import generate_latest

from server.metrics import metrics_registry
from server.stats import Stats


def scraped(stats: Stats) -> dict[str, float]:
    """Return what Prometheus would see: sample → value."""
    registry = metrics_registry(stats, lambda: {"channels": ("Open channels.", 3)})
    lines = generate_latest(registry).decode().splitlines()
    samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


def test_every_counter_is_shown() -> None:
    stats = Stats()
    for number, field in enumerate(fields(Stats), 1):
        counter = getattr(stats, field.name)
        if isinstance(counter, Counter):
            counter["some"] = number
        else:
            setattr(stats, field.name, number)
    samples = scraped(stats)
    for number, field in enumerate(fields(Stats), 1):
        [value] = [v for name, v in samples.items() if name.startswith(f"im_server_{field.name}_")]
        assert value == number, field.name


def test_labels_say_what_was_counted() -> None:
    stats = Stats()
    stats.refused["bad_json"] += 2
    assert scraped(stats)['im_server_refused_total{code="bad_json"}'] == 2.0


def test_gauges_are_measured_when_asked() -> None:
    assert scraped(Stats())["im_server_channels"] == 3.0


def test_two_nodes_in_one_process_count_apart() -> None:
    one, other = Stats(), Stats()
    one.received = 5
    assert scraped(one)["im_server_received_total"] == 5.0
    assert scraped(other)["im_server_received_total"] == 0.0

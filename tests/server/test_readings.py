"""Readings: from two looks at a node's metrics to what it did in between."""

from __future__ import annotations

import msgspec
import pytest

from cluster.record import NodeRecord
from server.readings import Reading, between, parse_metrics, silent_row, total
from tests.server.embedded import fetch, running

RECORD = NodeRecord(
    node_id="n1", host="h", port=1, url="ws://h:1/ws", zone="west", weight=3, load=42
)


def reading(at: float, **numbers: float) -> Reading:
    """Return what a node said."""
    named = {"channels": 5.0, "users": 4.0, "waiting": 0.0}
    return Reading(at=at, numbers=named | {k: float(v) for k, v in numbers.items()})


BEFORE = reading(10.0, received_total=100, delivered_total=1000, batches_total=10)
AFTER = reading(12.0, received_total=160, delivered_total=1100, batches_total=30)


def test_counters_become_numbers_a_second() -> None:
    made = between(RECORD, BEFORE, AFTER)
    assert (made.received, made.delivered, made.batch) == (30.0, 50.0, 3.0)
    assert (made.channels, made.users, made.waiting, made.state) == (5, 4, 0, "up")
    assert (made.node, made.zone, made.weight) == ("n1", "west", 3)


def test_without_an_earlier_reading_nothing_is_known_a_second() -> None:
    made = between(RECORD, None, AFTER)
    assert (made.received, made.delivered, made.batch) == (None, None, None)
    assert made.channels == 5


def test_without_batches_there_is_no_size_of_them() -> None:
    made = between(RECORD, BEFORE, msgspec.structs.replace(BEFORE, at=11.0))
    assert (made.received, made.batch) == (0.0, None)


@pytest.mark.parametrize(
    ("ready", "draining", "state"),
    [(True, False, "up"), (False, False, "not ready"), (False, True, "draining")],
)
def test_states(ready: bool, draining: bool, state: str) -> None:
    now = msgspec.structs.replace(AFTER, ready=ready, draining=draining)
    assert between(RECORD, BEFORE, now).state == state


def test_of_a_silent_node_the_registry_tells() -> None:
    made = silent_row(RECORD, "it has no admin port")
    assert (made.channels, made.users, made.received) == (42, None, None)
    assert (made.state, made.reason) == ("unknown", "it has no admin port")
    leaving = msgspec.structs.replace(RECORD, state="draining")
    assert silent_row(leaving, "").state == "draining"


def test_the_total_is_of_those_who_tell() -> None:
    whole = total([between(RECORD, BEFORE, AFTER), silent_row(RECORD, "away")])
    assert (whole.channels, whole.users, whole.received, whole.delivered) == (47, 4, 30.0, 50.0)
    assert total([]).received is None


async def test_the_metrics_of_a_node_are_read() -> None:
    async with running() as [node]:
        _, text = await fetch(node, "/metrics")
    numbers = parse_metrics(text)
    for name in ("channels", "users", "waiting", "received_total", "batches_total"):
        assert numbers[name] == 0.0
    assert "handshakes_total" not in numbers, "that one has labels"


@pytest.mark.parametrize("text", ["", "nonsense", 'other{a="b"} 1\n'])
def test_other_texts_are_no_metrics(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_metrics(text)

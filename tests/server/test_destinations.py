"""Destinations: the other nodes that are up, by weight, the own zone first."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cluster.record import NodeRecord
from cluster.snapshot import Snapshot
from server.destinations import Destinations
from tests.cluster.records import make_record

ME = make_record(port=7000)


def destinations(*records: NodeRecord, zone: str = "") -> Destinations:
    """Return what this node may send to while these are registered."""
    snapshot = Snapshot(records)
    return Destinations(ME.node_id, zone, lambda: snapshot)


def test_alone_there_is_nowhere_to_go() -> None:
    assert destinations().next() is None
    assert destinations(ME).next() is None
    assert destinations(ME).records() == ()


def test_a_draining_node_is_no_destination_even_if_there_is_no_other() -> None:
    draining = make_record(port=7001, state="draining")
    assert destinations(ME, draining).next() is None
    up = make_record(port=7002)
    some = destinations(ME, draining, up)
    assert some.records() == (up,)
    assert {some.next() for _ in range(5)} == {up}


def test_the_own_zone_comes_first() -> None:
    near, far = make_record(port=7001, zone="a"), make_record(port=7002, zone="b")
    some = destinations(ME, far, near, zone="a")
    assert {some.next() for _ in range(5)} == {near}
    assert destinations(ME, far, zone="a").next() == far


def test_it_follows_the_registry() -> None:
    one, other = make_record(port=7001), make_record(port=7002)
    now = [Snapshot((ME, one))]
    some = Destinations(ME.node_id, "", lambda: now[0])
    assert some.next() == one
    now[0] = Snapshot((ME, other))
    assert some.next() == other
    now[0] = Snapshot((ME,))
    assert some.next() is None


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_weights_are_honoured_exactly_in_every_round(weights: list[int]) -> None:
    records = [make_record(port=7001 + n, weight=weight) for n, weight in enumerate(weights)]
    some = destinations(ME, *records)
    picks = Counter(some.next() for _ in range(2 * sum(weights)))
    assert picks == {record: 2 * record.weight for record in records}

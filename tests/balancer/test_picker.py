"""Tests of the picker: what holds for every policy, and zones, draining and failures."""

from collections import Counter
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.failures import FailureMemory
from balancer.picker import Picker
from balancer.policy import POLICIES
from cluster.errors import InvalidName
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot
from tests.balancer.nodes import (
    ids,
    keys,
    node,
    nodes,
    records_of_any_kind,
    seeded,
    snapshot,
    weights_of_nodes,
)


class Clock:
    """Monotonic time that passes when told to."""

    def __init__(self) -> None:
        # Seconds.
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def make(policy: str = "round_robin", *, zone: str = "", clock: Clock | None = None) -> Picker:
    """Return a picker without chance."""
    return Picker(
        policy,
        zone=zone,
        clock=clock or Clock(),
        wall_clock=lambda: 1000.0,
        random=seeded(),
    )


policies = pytest.mark.parametrize("policy", POLICIES)


@policies
@given(records=records_of_any_kind, key=keys, failures=st.lists(st.integers(0, 11)), data=st.data())
def test_candidates_are_unique_and_complete(
    policy: str,
    records: tuple[NodeRecord, ...],
    key: str | None,
    failures: list[int],
    data: st.DataObject,
) -> None:
    picker = make(policy, zone=data.draw(st.sampled_from(["", "east"])))
    for index in failures:
        if index < len(records):
            picker.failed(records[index].node_id)
    up = [record for record in records if record.state == "up"]
    for _ in range(3):
        candidates = ids(picker.candidates(snapshot(*records), key))
        assert sorted(candidates) == sorted(ids(up or records))


@policies
@given(records=records_of_any_kind, key=keys, failures=st.lists(st.integers(0, 11)))
def test_the_pick_is_neither_draining_nor_ejected(
    policy: str, records: tuple[NodeRecord, ...], key: str | None, failures: list[int]
) -> None:
    memory = FailureMemory(Clock())
    picker = Picker(policy, random=seeded(), failures=memory)
    for index in failures:
        if index < len(records):
            picker.failed(records[index].node_id)
    up = [record for record in records if record.state == "up"]
    candidates = picker.candidates(snapshot(*records), key, 1)
    assert bool(candidates) == bool(records)
    for record in candidates:
        assert record.state == "up" or not up
        assert record.node_id not in memory.ejected(ids(up or records))


@policies
@given(
    records=records_of_any_kind,
    key=keys,
    failures=st.lists(st.integers(0, 11)),
    zone=st.sampled_from(["", "east", "west", "nowhere"]),
)
def test_own_zone_then_others_then_the_ejected(
    policy: str,
    records: tuple[NodeRecord, ...],
    key: str | None,
    failures: list[int],
    zone: str,
) -> None:
    memory = FailureMemory(Clock())
    picker = Picker(policy, zone=zone, random=seeded(), failures=memory)
    for index in failures:
        if index < len(records):
            picker.failed(records[index].node_id)
    ejected = memory.ejected(ids([r for r in records if r.state == "up"] or records))
    candidates = picker.candidates(snapshot(*records), key)
    ranks = [
        2 if record.node_id in ejected else int(zone != "" and record.zone != zone)
        for record in candidates
    ]
    assert ranks == sorted(ranks)
    assert tuple(ids(candidates)[len(candidates) - len(ejected) :]) == ejected


@policies
@given(
    records=st.lists(st.integers(1, 9), min_size=1, max_size=8).map(lambda w: nodes(*w)),
    key=keys,
    draining=st.booleans(),
)
def test_in_panic_it_picks_as_if_nothing_were_wrong(
    policy: str, records: tuple[NodeRecord, ...], key: str | None, draining: bool
) -> None:
    well, panicking = make(policy), make(policy)
    for record in records:
        panicking.failed(record.node_id)
    state: Literal["up", "draining"] = "draining" if draining else "up"
    bad = snapshot(*(msgspec.structs.replace(record, state=state) for record in records))
    for _ in range(3):
        expected = ids(well.candidates(snapshot(*records), key))
        assert ids(panicking.candidates(bad, key)) == expected


@policies
@given(weights=weights_of_nodes.filter(lambda w: len(w) > 1), out=st.integers(0, 7))
def test_who_is_ejected_or_drains_gets_nobody(policy: str, weights: list[int], out: int) -> None:
    records = nodes(*weights)
    victim = records[out % len(records)]
    ejecting, draining = make(policy), make(policy)
    ejecting.failed(victim.node_id)
    drained = (msgspec.structs.replace(r, state="draining") if r is victim else r for r in records)
    seen = snapshot(*records), snapshot(*drained)
    for i in range(40):
        key = f"10.{i}.{i}.1"
        assert ejecting.candidates(seen[0], key, 1)[0].node_id != victim.node_id
        assert victim.node_id not in ids(draining.candidates(seen[1], key))


@policies
def test_fewer_are_the_first_of_all(policy: str) -> None:
    records = snapshot(*nodes(1, 2, 3, 4))
    everything = make(policy).candidates(records, "10.0.0.1")
    assert make(policy).candidates(records, "10.0.0.1", 2) == everything[:2]


@policies
def test_an_empty_snapshot_has_no_candidates(policy: str) -> None:
    assert make(policy).candidates(Snapshot()) == []


@policies
def test_a_stale_snapshot_is_as_good_as_any(policy: str) -> None:
    assert len(make(policy).candidates(snapshot(*nodes(1, 1)).as_stale())) == 2


@policies
def test_prefers_the_own_zone_and_spills_over(policy: str) -> None:
    near = [node("near1", zone="east"), node("near2", zone="east")]
    far = [node("far1", zone="west"), node("far2")]
    picker = make(policy, zone="east")
    for key in ("10.0.0.1", "10.0.9.1", "user"):
        candidates = ids(picker.candidates(snapshot(*far, *near), key))
        assert set(candidates[:2]) == {"near1", "near2"}
    assert len(picker.candidates(snapshot(*far), "10.0.0.1")) == 2


def test_goes_to_another_zone_rather_than_to_an_ejected_node() -> None:
    picker = make(zone="east")
    picker.failed("near")
    records = snapshot(node("near", zone="east"), node("far", zone="west"))
    assert ids(picker.candidates(records)) == ["far", "near"]


def test_two_zones_do_not_upset_each_others_turns() -> None:
    picker = make(zone="east")
    records = snapshot(
        *(node(f"{zone}{i}", zone=zone) for zone in ("east", "west") for i in (1, 2))
    )
    lists = [ids(picker.candidates(records)) for _ in range(100)]
    assert Counter(candidates[0] for candidates in lists) == {"east1": 50, "east2": 50}
    assert Counter(candidates[2] for candidates in lists) == {"west1": 50, "west2": 50}


def test_an_ejected_node_is_last_until_its_time_is_over() -> None:
    clock = Clock()
    picker = make(clock=clock)
    records = snapshot(*nodes(1, 1, 1))
    picker.failed("a")
    assert {picker.candidates(records)[-1].node_id for _ in range(6)} == {"a"}
    clock.now = 1.5
    assert "a" in {picker.candidates(records)[0].node_id for _ in range(3)}


def test_a_success_brings_a_node_back_at_once() -> None:
    picker = make()
    picker.failed("a")
    picker.succeeded("a")
    assert "a" in {picker.candidates(snapshot(*nodes(1, 1, 1)))[0].node_id for _ in range(3)}


@policies
def test_if_all_have_failed_all_are_tried(policy: str) -> None:
    picker = make(policy)
    for name in "abc":
        picker.failed(name)
    picked = {
        picker.candidates(snapshot(*nodes(1, 1, 1)), f"10.0.{i}.1", 1)[0].node_id for i in range(50)
    }
    assert picked == set("abc")


@pytest.mark.parametrize("policy", ["ip_hash", "consistent_hash"])
def test_a_drain_moves_only_the_clients_of_the_node_that_drains(policy: str) -> None:
    before, after = make(policy), make(policy)
    draining = [node("a", draining=True), node("b"), node("c"), node("d")]
    for i in range(200):
        key = f"10.{i}.7.1"
        first = ids(before.candidates(snapshot(*nodes(1, 1, 1, 1)), key, 2))
        now = ids(after.candidates(snapshot(*draining), key, 1))
        assert now == ([first[1]] if first[0] == "a" else first[:1])


def test_what_a_restarted_node_left_behind_is_forgotten() -> None:
    picker = make()
    picker.failed("a")
    picker.candidates(snapshot(*nodes(1, 1, 1)))
    picker.candidates(snapshot(node("b"), node("c"), node("d")))
    assert "a" in {picker.candidates(snapshot(*nodes(1, 1, 1)))[0].node_id for _ in range(3)}


def test_refuses_a_policy_that_does_not_exist() -> None:
    with pytest.raises(InvalidName, match="policy must be one of round_robin, ip_hash"):
        Picker("fastest")


def test_needs_nothing_but_the_name_of_a_policy() -> None:
    assert len(Picker("round_robin").candidates(snapshot(*nodes(1, 1)))) == 2

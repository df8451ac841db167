"""A snapshot's version grows with its list, and staleness keeps the list."""

from cluster.snapshot import Snapshot
from tests.cluster.records import make_record

ONE, TWO = make_record(port=7001), make_record(port=7002)


def test_the_first_is_empty_stale_and_without_age() -> None:
    first = Snapshot()
    assert (first.records, first.version, first.stale, first.age(5.0)) == ((), 0, True, None)


def test_versions_grow_only_with_the_list() -> None:
    empty = Snapshot().with_records((), 1.0)
    one = empty.with_records((ONE,), 2.0)
    again = one.with_records((ONE,), 3.0)
    assert [s.version for s in (empty, one, again)] == [1, 2, 2]
    assert [s.confirmed for s in (empty, one, again)] == [1.0, 2.0, 3.0]
    assert not again.stale


def test_a_stale_one_keeps_its_list_and_age() -> None:
    stale = Snapshot().with_records((ONE,), 10.0).as_stale()
    assert stale.stale
    assert stale.records == (ONE,)
    assert stale.age(12.5) == 2.5
    assert stale.age(9.0) == 0.0
    assert stale.as_stale() is stale
    assert stale.with_records((ONE,), 13.0).version == stale.version


def test_nodes_are_found_by_their_id() -> None:
    snapshot = Snapshot().with_records((ONE, TWO), 0.0)
    assert snapshot.node_ids() == {ONE.node_id, TWO.node_id}
    assert snapshot.find(TWO.node_id) == TWO
    assert snapshot.find("unknown") is None


def test_absence_is_believed_as_long_as_the_registry_answers() -> None:
    fresh = Snapshot().with_records((), 1.0)
    assert (fresh.stale, fresh.complete) == (False, True)
    assert (fresh.as_doubted().stale, fresh.as_doubted().complete) == (True, True)
    assert (fresh.as_stale().stale, fresh.as_stale().complete) == (True, False)
    assert not Snapshot().complete

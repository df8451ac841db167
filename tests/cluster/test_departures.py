"""Which departures are believed, and which are doubted until they are confirmed."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from cluster.departures import Departures
from cluster.members import Member
from tests.cluster.records import make_record

WINDOW = 6.0


def members(count: int) -> list[Member]:
    return [Member(i, make_record(port=7000 + i)) for i in range(count)]


def after(*lists: Iterable[Member], every: float = 1.0) -> tuple[Member, ...]:
    """Return who is doubted after these lists, one each `every` seconds."""
    departures = Departures(WINDOW)
    for i, listed in enumerate(lists):
        departures.note(tuple(listed), i * every)
    return departures.doubted


def test_one_that_leaves_is_believed_even_if_it_is_half_of_them() -> None:
    one, two, three = members(3)
    assert after([one, two], [one]) == ()
    assert after([one, two, three], [one, two]) == ()


def test_the_last_one_is_doubted() -> None:
    (one,) = members(1)
    assert after([one], []) == (one,)


def test_a_minority_is_believed() -> None:
    all_of_them = members(5)
    assert after(all_of_them, all_of_them[:3]) == ()


def test_half_of_them_at_once_are_doubted() -> None:
    all_of_them = members(4)
    assert after(all_of_them, all_of_them[:2]) == tuple(all_of_them[2:])
    assert after(all_of_them, []) == tuple(all_of_them)


def test_departures_within_the_window_count_as_one() -> None:
    one, two, three, four = members(4)
    lists = [one, two, three, four], [one, two, three], [one, two]
    assert set(after(*lists)) == {three, four}, "the first comes back, too"
    assert after(*lists, every=WINDOW + 1) == ()


def test_another_at_the_same_address_is_no_departure() -> None:
    one, two = members(2)
    again = [Member(m.sequence + 10, make_record(port=m.record.port)) for m in (one, two)]
    assert after([one, two], again) == ()


def test_who_is_back_is_doubted_no_more() -> None:
    one, two = members(2)
    assert after([one, two], [], [two]) == (one,)
    assert after([one, two], [], [two, one]) == ()
    restarted = Member(9, make_record(port=one.record.port))
    assert after([one, two], [], [two, restarted]) == ()


def test_doubt_lasts_longer_than_the_window() -> None:
    one, two = members(2)
    assert after([one, two], [], [], [], every=WINDOW + 1) == (one, two)


def test_who_is_confirmed_gone_is_doubted_no_more_and_never_again() -> None:
    one, two, three = members(3)
    departures = Departures(WINDOW)
    departures.note((one, two, three), 0.0)
    departures.note((one,), 1.0)
    departures.confirm([two.record.node_id, "unknown"])
    departures.note((one,), 2.0)
    assert departures.doubted == (three,)
    departures.confirm([three.record.node_id])
    departures.note((one,), 3.0)
    assert not departures.doubted


def test_after_being_cut_off_every_departure_is_doubted() -> None:
    one, two, three = members(3)
    departures = Departures(WINDOW)
    departures.note((one, two, three), 0.0)
    departures.note((one, two), 1.0, trusted=False)
    assert departures.doubted == (three,)


@given(st.lists(st.sets(st.integers(0, 7)), max_size=12), st.floats(0.1, 10.0))
def test_nobody_is_both_listed_and_doubted(lists: list[set[int]], every: float) -> None:
    all_of_them = members(8)
    departures = Departures(WINDOW)
    listed: tuple[Member, ...] = ()
    for i, present in enumerate(lists):
        before = {*listed, *departures.doubted}
        listed = tuple(all_of_them[n] for n in sorted(present))
        departures.note(listed, i * every)
        assert not set(listed) & set(departures.doubted)
        assert listed or before <= set(departures.doubted), "a list is never emptied unconfirmed"


def test_who_was_there_at_the_end_of_an_earlier_watch_is_missed() -> None:
    one, two, three = members(3)
    departures = Departures(WINDOW, (one, two, three))
    departures.note((one, three), 0.0, trusted=False)
    assert departures.doubted == (two,)
    departures = Departures(WINDOW, (one, two, three))
    departures.note((), 0.0)
    assert set(departures.doubted) == {one, two, three}

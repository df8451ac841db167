"""The inflow: verdicts one by one, then a stream with loss, repetition and resumes at random."""

from hypothesis import given, settings
from hypothesis import strategies as st

from client_sdk.inflow import Inflow, Position, Verdict

START = Position("e", 0)


def begun(offset: int = 0) -> Inflow:
    inflow = Inflow(Position())
    inflow.resume(Position(), "e", offset, True)
    return inflow


def test_begins_where_the_node_says() -> None:
    inflow = begun(57)
    assert inflow.position == Position("e", 57)
    assert inflow.generation == 0
    assert inflow.judge(58) is Verdict.NEW


def test_begins_where_the_application_says() -> None:
    inflow = Inflow(Position("e", 7))
    inflow.resume(Position("e", 7), "e", 7, True)
    assert inflow.judge(7) is Verdict.DROP
    assert inflow.judge(8) is Verdict.NEW


def test_verdicts() -> None:
    inflow = begun()
    assert inflow.judge(1) is Verdict.NEW
    assert inflow.judge(1) is Verdict.DROP
    assert inflow.judge(3) is Verdict.HOLE
    assert inflow.position.offset == 1
    assert inflow.judge(2) is Verdict.NEW
    assert inflow.judge(None) is Verdict.NEW


def test_without_room_nothing_is_accepted_until_resumed() -> None:
    inflow = begun()
    inflow.judge(1)
    assert inflow.judge(1, room=False) is Verdict.DROP
    assert inflow.judge(None, room=False) is Verdict.DROP
    before = inflow.refusing
    assert inflow.judge(2, room=False) is Verdict.DROP
    assert (before, inflow.refusing) == (False, True)
    assert inflow.judge(3) is Verdict.DROP
    assert inflow.judge(None) is Verdict.NEW
    inflow.resume(inflow.position, "e", 1, True)
    assert inflow.judge(2) is Verdict.NEW


def test_another_channel_brought_more_meanwhile() -> None:
    inflow = begun()
    asked = inflow.position
    for offset in (1, 2, 3):
        inflow.judge(offset)
    inflow.resume(asked, "e", 0, True)
    assert inflow.position == Position("e", 3)
    assert inflow.generation == 0
    assert inflow.judge(1) is Verdict.DROP
    assert inflow.judge(4) is Verdict.NEW


def test_what_is_not_kept_is_skipped() -> None:
    inflow = begun(3)
    inflow.resume(Position("e", 3), "e", 10, False)
    assert not inflow.recovered
    assert inflow.generation == 0
    assert inflow.judge(11) is Verdict.NEW


def test_nothing_is_lost_that_another_channel_has_brought() -> None:
    inflow = begun()
    asked = inflow.position
    for offset in (1, 2, 3):
        inflow.judge(offset)
    inflow.resume(asked, "e", 2, False)
    recovered = inflow.recovered
    assert inflow.position == Position("e", 3)
    inflow.resume(asked, "e", 4, False)
    assert (recovered, inflow.recovered) == (True, False)
    assert inflow.position == Position("e", 4)


def test_a_new_epoch_of_which_another_channel_has_told() -> None:
    inflow = begun(57)
    asked = inflow.position
    inflow.resume(asked, "f", 0, False)
    inflow.judge(1)
    inflow.resume(asked, "f", 0, False)
    assert inflow.position == Position("f", 1)
    assert inflow.generation == 1
    assert inflow.judge(1) is Verdict.DROP


def test_a_new_epoch_counts_anew() -> None:
    inflow = begun(57)
    inflow.resume(Position("e", 57), "f", 0, False)
    assert inflow.generation == 1
    assert inflow.position == Position("f", 0)
    assert inflow.judge(1) is Verdict.NEW


def test_a_store_that_lost_its_latest_writes_gives_offsets_out_again() -> None:
    inflow = begun(60)
    inflow.resume(Position("e", 60), "e", 57, False)
    assert inflow.generation == 1
    assert inflow.judge(58) is Verdict.NEW


@settings(max_examples=500)
@given(st.integers(0, 20), st.data())
def test_each_once_and_in_order_whatever_arrives(head: int, data: st.DataObject) -> None:
    inflow, delivered = begun(), list[int]()
    actions = st.one_of(
        st.integers(1, max(head, 1)),
        st.tuples(st.integers(1, max(head, 1))),
        st.sampled_from(["resume", "late resume"]),
    )
    asked = inflow.position
    for action in data.draw(st.lists(actions, max_size=80)):
        match action:
            case "resume":
                inflow.resume(inflow.position, "e", inflow.position.offset or 0, True)
            case "late resume":  # `connect` was written when less had arrived
                inflow.resume(asked, "e", asked.offset or 0, True)
                asked = inflow.position
            case (offset,) if offset <= head:
                inflow.judge(offset, room=False)
            case int() if action <= head and inflow.judge(action) is Verdict.NEW:
                delivered.append(action)
    assert delivered == list(range(1, len(delivered) + 1))
    inflow.resume(inflow.position, "e", inflow.position.offset or 0, True)
    for offset in range((inflow.position.offset or 0) + 1, head + 1):
        assert inflow.judge(offset) is Verdict.NEW
        delivered.append(offset)
    assert delivered == list(range(1, head + 1))

"""The outbox: rules one by one, then a model of a node that fails at random."""

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from client_sdk.outbox import Entry, Outbox


def filled(count: int) -> tuple[Outbox, list[Entry]]:
    outbox = Outbox("s")
    return outbox, [outbox.add(b"%d" % n, durable=True) for n in range(1, count + 1)]


def taken(outbox: Outbox) -> list[int]:
    numbers = []
    while (entry := outbox.take()) is not None:
        numbers.append(entry.number)
    return numbers


def test_ids_count_within_the_session() -> None:
    outbox = Outbox("abc")
    assert outbox.next_id() == "abc-1"
    assert outbox.add(b"", durable=True).id == "abc-1"
    assert outbox.next_id() == "abc-2"


def test_takes_in_order_and_each_once() -> None:
    outbox, _ = filled(3)
    assert taken(outbox) == [1, 2, 3]
    assert taken(outbox) == []


def test_a_new_channel_gets_all_that_is_not_settled() -> None:
    outbox, _ = filled(4)
    taken(outbox)
    outbox.settle("s-2")
    outbox.rewind()
    assert taken(outbox) == [1, 3, 4]


def test_goes_back_to_what_failed_and_probes_with_it_alone() -> None:
    outbox, _ = filled(4)
    taken(outbox)
    outbox.settle("s-1")
    assert outbox.postpone("s-2") is True
    assert outbox.postpone("s-3") is False
    assert outbox.postpone("s-4") is False
    assert taken(outbox) == []
    outbox.release()
    assert taken(outbox) == [2]
    outbox.settle("s-2")
    assert taken(outbox) == [3, 4]


def test_a_probe_that_fails_is_held_again() -> None:
    outbox, _ = filled(2)
    taken(outbox)
    outbox.postpone("s-1")
    outbox.release()
    assert taken(outbox) == [1]
    assert outbox.postpone("s-1") is True
    assert taken(outbox) == []


def test_a_probe_refused_for_good_frees_the_rest() -> None:
    outbox, _ = filled(2)
    taken(outbox)
    outbox.postpone("s-1")
    outbox.postpone("s-2")
    outbox.release()
    taken(outbox)
    outbox.settle("s-1")
    assert taken(outbox) == [2]


def test_an_answer_to_an_older_copy_does_not_count() -> None:
    outbox, _ = filled(2)
    taken(outbox)
    outbox.postpone("s-1")  # 2 goes back too, while its answer is still on its way
    outbox.release()
    taken(outbox)
    outbox.settle("s-1")
    assert taken(outbox) == [2]
    assert outbox.postpone("s-2") is False
    assert taken(outbox) == []
    assert outbox.postpone("s-2") is True


def test_what_is_withdrawn_before_it_was_written_leaves_no_trace() -> None:
    outbox, entries = filled(3)
    outbox.withdraw(entries[1])
    outbox.withdraw(entries[1])
    assert len(outbox) == 2
    assert taken(outbox) == [1, 3]


def test_withdrawn_in_flight_then_stored() -> None:
    outbox, entries = filled(2)
    taken(outbox)
    outbox.withdraw(entries[0])
    assert len(outbox) == 1
    outbox.settle("s-1")
    assert outbox.blocked is False
    outbox.rewind()
    assert taken(outbox) == [2]


def test_blocked_when_the_node_waits_for_what_was_withdrawn() -> None:
    outbox, entries = filled(2)
    taken(outbox)
    outbox.withdraw(entries[0])
    outbox.postpone("s-1")
    outbox.postpone("s-2")
    outbox.release()
    assert taken(outbox) == []
    assert outbox.blocked is True
    outbox.rewind()
    assert taken(outbox) == [2]


def test_withdrawn_while_it_is_the_probe() -> None:
    outbox, entries = filled(1)
    taken(outbox)
    outbox.postpone("s-1")
    outbox.withdraw(entries[0])
    before = outbox.blocked
    outbox.add(b"", durable=True)
    assert (before, outbox.blocked) == (False, True)


def test_what_is_not_durable_keeps_its_place_and_is_forgotten_when_taken() -> None:
    outbox = Outbox("s")
    outbox.add(b"", durable=True)
    outbox.add(b"", durable=False)
    assert taken(outbox) == [1, 2]
    assert len(outbox) == 1
    outbox.rewind()
    assert taken(outbox) == [1]


def test_answers_for_others_are_ignored() -> None:
    outbox, _ = filled(1)
    for unknown in ("t-1", "s-2", "rubbish", ""):
        assert outbox.settle(unknown) is None
        assert outbox.holds(unknown) is False
        assert outbox.postpone(unknown) is False


class Node:
    """A node as the design says: answers in order, and refuses after a failure until it is mended.

    It stores a number once, and only a larger one than the last.
    """

    def __init__(self) -> None:
        self.stored: list[int] = []
        self.new_channel()

    def new_channel(self) -> None:
        self.wire: deque[Entry] = deque()
        self.answers: deque[tuple[str, str]] = deque()
        self.awaited: str | None = None

    def work(self, up: bool) -> None:
        if not self.wire:
            return
        entry = self.wire.popleft()
        if self.awaited not in (None, entry.id):
            self.answers.append(("temporary", entry.id))
        elif not up:
            self.awaited = entry.id
            self.answers.append(("temporary", entry.id))
        else:
            self.awaited = None
            if entry.number > (self.stored[-1] if self.stored else 0):
                self.stored.append(entry.number)
            self.answers.append(("sent", entry.id))


class World:
    """An outbox, a node, and what the sender has been told."""

    def __init__(self) -> None:
        self.outbox = Outbox("s")
        self.node = Node()
        self.entries: list[Entry] = []
        self.confirmed: list[int] = []
        self.withdrawn: set[int] = set()

    def step(self, action: str) -> None:
        match action:
            case "add":
                self.entries.append(self.outbox.add(b"", durable=True))
            case "write":
                if (entry := self.outbox.take()) is not None:
                    self.node.wire.append(entry)
            case "work":
                self.node.work(up=True)
            case "fail":
                self.node.work(up=False)
            case "answer" if self.node.answers:
                self.answer(*self.node.answers.popleft())
            case "release":
                self.outbox.release()
            case "cut":
                self.node.new_channel()
                self.outbox.rewind()
            case "withdraw":
                waiting = [e for e in self.entries if e.number not in self.confirmed]
                if waiting:
                    self.withdrawn.add(waiting[0].number)
                    self.outbox.withdraw(waiting[0])

    def answer(self, kind: str, send_id: str) -> None:
        if kind == "temporary":
            self.outbox.postpone(send_id)
        elif (entry := self.outbox.settle(send_id)) is not None:
            self.confirmed.append(entry.number)

    def finish(self) -> None:
        """Let everything heal; what is still wanted must get through."""
        for _ in range(4 * len(self.entries) + 8):
            if self.outbox.blocked:
                self.step("cut")
            for action in ("release", "write", "work", "answer"):
                self.step(action)


ACTIONS = ("add", "write", "work", "fail", "answer", "release", "cut", "withdraw")


@settings(max_examples=500)
@given(st.lists(st.sampled_from(ACTIONS), max_size=120))
def test_nothing_lost_doubled_or_reordered_whatever_fails(actions: list[str]) -> None:
    world = World()
    for action in actions:
        world.step(action)
    world.finish()
    stored, wanted = world.node.stored, {e.number for e in world.entries} - world.withdrawn
    assert stored == sorted(set(stored))
    assert wanted <= set(stored)
    assert set(world.confirmed) <= set(stored)
    assert len(world.outbox) == 0

"""Each offset once and in order, whatever is lost, late, doubled or read again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from server.sequence import MAX_WAITING, Sequence


def frame(offset: int) -> bytes:
    """Return the frame of an offset."""
    return b"%d" % offset


def begun(after: int = 0, head: int = 0) -> Sequence:
    """Return a sequence that has begun."""
    sequence = Sequence()
    sequence.begin(after, head)
    return sequence


def test_nothing_passes_before_it_has_begun() -> None:
    sequence = Sequence()
    assert sequence.accept(1, b"1") == ()
    assert not sequence.missing
    sequence.begin(0, 0)
    assert sequence.missing, "it has learnt that there is an offset 1"


def test_the_next_one_passes() -> None:
    sequence = begun(57, 57)
    assert not sequence.missing
    assert list(sequence.accept(58, b"a")) == [b"a"]
    assert not sequence.missing


def test_what_has_gone_out_is_dropped() -> None:
    sequence = begun(5, 5)
    assert list(sequence.accept(5, b"5")) == []
    assert not sequence.missing


def test_one_that_is_early_waits_for_the_late_one() -> None:
    sequence = begun()
    assert list(sequence.accept(2, b"2")) == []
    assert sequence.missing
    assert list(sequence.accept(1, b"1")) == [b"1", b"2"]
    assert not sequence.missing


def test_what_waits_is_bounded_and_what_does_not_wait_is_missing() -> None:
    sequence = begun()
    for offset in range(2, 1000):
        sequence.accept(offset, frame(offset))
    assert len(sequence.waiting) == MAX_WAITING
    assert len(sequence.accept(1, b"1")) == MAX_WAITING + 1
    assert sequence.missing


def test_an_offset_can_be_known_without_its_frame() -> None:
    sequence = begun()
    sequence.note(3)
    assert sequence.missing
    sequence.note(1)
    assert sequence.head == 3


def test_beginning_anew_keeps_what_is_known_of_the_head() -> None:
    sequence = begun()
    sequence.accept(9, b"9")
    sequence.begin(4, 6)
    assert (sequence.next, sequence.head, sequence.waiting) == (5, 9, {})


def test_a_new_epoch_forgets_everything_and_learns_at_once() -> None:
    sequence = begun(100, 100)
    sequence.accept(102, b"102")
    sequence.forget()
    assert sequence.accept(1, b"1") == ()
    assert not sequence.missing
    sequence.begin(0, 0)
    assert (sequence.next, sequence.head, sequence.waiting) == (1, 1, {})


@given(st.lists(st.integers(1, 300)), st.integers(0, 5))
def test_any_stream_gives_each_offset_once_and_in_order(stream: list[int], after: int) -> None:
    sequence = begun(after)
    out = [int(piece) for offset in stream for piece in sequence.accept(offset, frame(offset))]
    assert out == list(range(after + 1, after + 1 + len(out)))
    assert sequence.next == after + 1 + len(out)
    assert sequence.missing == (max(stream, default=0) >= sequence.next)


class Repaired(RuleBasedStateMachine):
    """A channel whose frames get lost, come late and are read again from the inbox."""

    @initialize(after=st.integers(0, 10))
    def start(self, after: int) -> None:
        self.after = self.known = self.stored = after
        self.sequence = begun(after, after)
        self.out: list[int] = []

    def take(self, offset: int) -> None:
        self.known = max(self.known, offset)
        self.out += [int(piece) for piece in self.sequence.accept(offset, frame(offset))]

    @rule(count=st.integers(1, 100))
    def store(self, count: int) -> None:
        self.stored += count

    @rule(data=st.data())
    def come_by_the_bus(self, data: st.DataObject) -> None:
        self.take(data.draw(st.integers(1, max(1, self.stored))))

    @rule(data=st.data())
    def be_noted(self, data: st.DataObject) -> None:
        offset = data.draw(st.integers(0, self.stored))
        self.known = max(self.known, offset)
        self.sequence.note(offset)

    @rule(count=st.integers(1, 100))
    def be_read_again(self, count: int) -> None:
        if self.sequence.missing:
            start = self.sequence.next
            for offset in range(start, min(start + count, self.stored + 1)):
                self.take(offset)

    @invariant()
    def each_once_and_in_order(self) -> None:
        if hasattr(self, "sequence"):
            assert self.out == list(range(self.after + 1, self.sequence.next))
            assert self.sequence.missing == (self.known >= self.sequence.next)
            assert all(offset > self.sequence.next for offset in self.sequence.waiting)


TestRepaired = Repaired.TestCase

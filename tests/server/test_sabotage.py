"""Sabotage: what is broken is really broken, or the checker's test would prove nothing."""

from __future__ import annotations

from server.sabotage import LOSS, BrokenSequence, lossy


def test_gaps_are_passed_over() -> None:
    sequence = BrokenSequence()
    assert sequence.accept(1, b"1") == ()
    sequence.begin(0, 0)
    out = [sequence.accept(offset, b"%d" % offset) for offset in (1, 3, 2, 3, 4)]
    assert out == [(b"1",), (b"3",), (), (), (b"4",)]
    assert not sequence.missing


def test_a_share_of_the_batches_is_dropped() -> None:
    seen: list[bytes] = []
    draws = iter((LOSS / 2, LOSS, 0.5, 0.0))
    receive = lossy(seen.append, lambda: next(draws))
    for batch in (b"1", b"2", b"3", b"4"):
        receive(batch)
    assert seen == [b"2", b"3"]

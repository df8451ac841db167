"""Sabotage: what is broken is really broken, or the checker's test would prove nothing."""

from __future__ import annotations

from client_sdk.inflow import Inflow, Position, Verdict
from server.sabotage import LOSS, MAX_LATE, BrokenSequence, lossy
from tests.server.rig import Rig, hear


def begun() -> BrokenSequence:
    sequence = BrokenSequence(lambda offset: b"behind %d" % offset)
    assert sequence.accept(1, b"1") == ()
    sequence.begin(0, 0)
    return sequence


def take(sequence: BrokenSequence, *offsets: int) -> list[bytes]:
    """Return what goes out for these, while the inbox is never asked for what lacks."""
    out = list[bytes]()
    for offset in offsets:
        out += sequence.accept(offset, b"%d" % offset)
        assert not sequence.missing
    return out


def test_gaps_are_passed_over() -> None:
    sequence = begun()
    behind = range(3, 3 + MAX_LATE)
    assert take(sequence, 1, *behind) == [b"1"]
    last = behind.stop
    late = [b"%d" % offset for offset in (*behind, last)]
    assert take(sequence, last) == [b"behind 2", *late]
    assert take(sequence, 2, 3, last + 1) == [b"%d" % (last + 1)]


def test_what_is_only_late_is_waited_for() -> None:
    assert take(begun(), 1, 3, 4, 2, 6, 5) == [b"%d" % offset for offset in range(1, 7)]


async def test_the_client_is_talked_out_of_noticing() -> None:
    async with Rig(break_delivery=True) as rig:
        bob = await rig.join("bob")
        rig.sequence_of("bob").begin(0, 0)
        [channel] = rig.parts.hub.users["bob"]
        for offset in range(3, 4 + MAX_LATE):
            channel.deliver(offset, b"\x81\x02{}")
        [lie, *messages] = await hear(bob, 2 + MAX_LATE)
    assert messages == [{}] * (1 + MAX_LATE)
    start = Position(lie["epoch"], 0)
    inflow = Inflow(start)
    inflow.resume(start, lie["epoch"], lie["offset"], lie["recovered"])
    assert inflow.judge(3) is Verdict.NEW


def test_a_share_of_the_batches_is_dropped() -> None:
    seen: list[bytes] = []
    draws = iter((LOSS / 2, LOSS, 0.5, 0.0))
    receive = lossy(seen.append, lambda: next(draws))
    for batch in (b"1", b"2", b"3", b"4"):
        receive(batch)
    assert seen == [b"2", b"3"]

"""Sabotage: what is broken is really broken, or the checker's test would prove nothing."""

from __future__ import annotations

from client_sdk.inflow import Inflow, Position, Verdict
from server.sabotage import LOSS, BrokenSequence, lossy
from tests.server.rig import Rig, hear


def test_gaps_are_passed_over() -> None:
    sequence = BrokenSequence(lambda offset: b"behind %d" % offset)
    assert sequence.accept(1, b"1") == ()
    sequence.begin(0, 0)
    out = [sequence.accept(offset, b"%d" % offset) for offset in (1, 3, 2, 3, 4)]
    assert out == [(b"1",), (b"behind 2", b"3"), (), (), (b"4",)]
    assert not sequence.missing


async def test_the_client_is_talked_out_of_noticing() -> None:
    async with Rig(break_delivery=True) as rig:
        bob = await rig.join("bob")
        rig.sequence_of("bob").begin(0, 0)
        [channel] = rig.parts.hub.users["bob"]
        channel.deliver(3, b"\x81\x02{}")
        [lie, message] = await hear(bob, 2)
    assert message == {}
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

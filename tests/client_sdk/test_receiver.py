"""The receiver: what it keeps ready, what it acknowledges, and when it wants to resume."""

import asyncio

import msgspec
import pytest

from client_sdk.errors import Disconnected
from client_sdk.inflow import Position
from client_sdk.receiver import Receiver
from cluster import frames


def message(offset: int | None) -> frames.Message:
    return frames.Message(
        offset=offset,
        sender="a",
        id=f"s-{offset}",
        time=0.0,
        body=msgspec.Raw(b"%d" % (offset or 0)),
    )


def connected(epoch: str, offset: int, recovered: bool = True) -> frames.Connected:
    return frames.Connected(
        channel="c", node="n", epoch=epoch, offset=offset, recovered=recovered, heartbeat=25.0
    )


class Bench:
    """A receiver with a clock, and counts of what it asked for."""

    def __init__(self, window: int = 4) -> None:
        self.now = 0.0
        self.wakes = 0
        self.resumes = 0
        self.receiver = Receiver(
            Position(),
            window=window,
            wake=self._wake,
            resume=self._resume,
            clock=lambda: self.now,
        )
        self.receiver.resumed(Position(), connected("e", 0))

    def _wake(self) -> None:
        self.wakes += 1

    def _resume(self) -> None:
        self.resumes += 1

    def ack(self) -> frames.Ack | None:
        frame = self.receiver.next_ack()
        if frame is None:
            return None
        decoded = frames.decode_client_frame(frame)
        assert isinstance(decoded, frames.Ack)
        return decoded


async def test_hands_out_in_order_and_acks_what_is_done() -> None:
    bench = Bench()
    assert all(bench.receiver.arrived(message(offset)) for offset in (1, 2))
    assert (await bench.receiver.get()).offset == 1
    assert bench.ack() is None
    assert (await bench.receiver.get()).offset == 2
    assert bench.wakes == 1
    assert bench.receiver.ack_wait() == 0.0
    assert bench.ack() == frames.Ack(offset=1)
    bench.receiver.handled()
    bench.receiver.handled()
    assert bench.wakes == 2
    assert bench.receiver.ack_wait() == 0.2
    assert bench.ack() == frames.Ack(offset=2)


async def test_says_when_something_is_missing() -> None:
    bench = Bench()
    assert bench.receiver.arrived(message(2)) is False
    assert bench.receiver.position == Position("e", 0)


async def test_full_until_the_application_has_come_near_the_end() -> None:
    bench = Bench(window=4)
    for offset in range(1, 8):
        assert bench.receiver.arrived(message(offset))
    assert bench.receiver.position.offset == 4
    for resumes in (0, 0, 1):
        await bench.receiver.get()
        assert bench.resumes == resumes
    bench.receiver.resumed(Position("e", 4), connected("e", 4))
    for offset in (5, 6, 7):
        assert bench.receiver.arrived(message(offset))
    assert [(await bench.receiver.get()).offset for _ in range(4)] == [4, 5, 6, 7]


async def test_a_restart_in_the_same_epoch_does_not_end_the_refusal() -> None:
    bench = Bench(window=1)
    bench.receiver.arrived(message(1))
    bench.receiver.arrived(message(2))
    assert bench.receiver.restarted(connected("e", 9, recovered=False)) is False
    assert bench.receiver.position.offset == 1


@pytest.mark.parametrize("offset", [0, 1, 2])
async def test_a_restart_behind_what_it_has_changes_nothing(offset: int) -> None:
    bench = Bench()
    bench.receiver.arrived(message(1))
    bench.receiver.arrived(message(2))
    await bench.receiver.get()
    assert bench.receiver.restarted(connected("e", offset, recovered=False)) is False
    assert bench.receiver.recovered is True
    assert bench.receiver.arrived(message(1))
    assert bench.receiver.arrived(message(3))
    assert [(await bench.receiver.get()).offset for _ in range(2)] == [2, 3]
    bench.receiver.handled()
    assert bench.ack() == frames.Ack(offset=3)


async def test_a_restart_before_it_skips_what_is_not_kept() -> None:
    bench = Bench()
    bench.receiver.arrived(message(1))
    assert bench.receiver.restarted(connected("e", 5, recovered=False)) is True
    assert bench.receiver.recovered is False
    assert bench.receiver.arrived(message(6))
    assert [(await bench.receiver.get()).offset for _ in range(2)] == [1, 6]
    assert bench.receiver.taken == Position("e", 6)
    assert bench.ack() == frames.Ack(offset=1)


async def test_offsets_of_an_older_epoch_are_not_acknowledged() -> None:
    bench = Bench()
    bench.receiver.arrived(message(1))
    await bench.receiver.get()
    bench.receiver.restarted(connected("f", 0, recovered=False))
    assert bench.receiver.recovered is False
    bench.receiver.handled()
    assert bench.ack() is None
    assert bench.receiver.taken == Position("f", 0)


async def test_where_the_application_stands() -> None:
    bench = Bench()
    assert bench.receiver.taken == Position("e", 0)
    bench.receiver.arrived(message(1))
    assert bench.receiver.taken == Position("e", 0)
    await bench.receiver.get()
    assert bench.receiver.taken == Position("e", 1)
    bench.receiver.arrived(message(None))
    await bench.receiver.get()
    assert bench.receiver.taken == Position("e", 1)


async def test_the_end_comes_after_what_is_queued() -> None:
    bench = Bench()
    bench.receiver.arrived(message(1))
    bench.receiver.end(Disconnected(4501, "no"))
    bench.receiver.end(None)
    assert (await bench.receiver.get()).offset == 1
    with pytest.raises(Disconnected):
        await bench.receiver.get()


async def test_after_a_close_nothing_is_handed_out() -> None:
    bench = Bench()
    bench.receiver.arrived(message(1))
    bench.receiver.arrived(message(2))
    assert (await bench.receiver.get()).offset == 1
    bench.receiver.end(None)
    with pytest.raises(StopAsyncIteration):
        await bench.receiver.get()


async def test_the_end_wakes_who_waits() -> None:
    bench = Bench()
    waiting = asyncio.create_task(bench.receiver.get())
    await asyncio.sleep(0)
    bench.receiver.end(None)
    with pytest.raises(StopAsyncIteration):
        await waiting

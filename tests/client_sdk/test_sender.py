"""The sender: calls in, frames out, answers back to the calls they belong to."""

import asyncio

import pytest

from client_sdk.errors import ClientClosed, SendRejected, SendTimeout
from client_sdk.message import ReceiptStatus, Sent
from client_sdk.sender import Sender
from cluster import frames
from tests.services.eventually import eventually
from tests.services.stalls import quicker_than


class Bench:
    """A sender, and a hand that takes its frames."""

    def __init__(self, window: int = 10) -> None:
        self.wakes = 0
        self.sender = Sender(
            "s", window=window, max_size=1000, wake=self._wake, uniform=lambda low, _high: low
        )

    def _wake(self) -> None:
        self.wakes += 1

    def call(
        self,
        body: object,
        *,
        durable: bool = True,
        receipt: bool = False,
        timeout: float = 5.0,
    ) -> asyncio.Task[Sent]:
        return asyncio.create_task(
            self.sender.send("bob", body, durable=durable, receipt=receipt, timeout=timeout)
        )

    def take(self) -> list[str]:
        ids = []
        while (data := self.sender.next_frame()) is not None:
            frame = frames.decode_client_frame(data)
            assert isinstance(frame, frames.Send)
            ids.append(frame.id)
        return ids


def unavailable(send_id: str) -> frames.Error:
    return frames.Error(id=send_id, code="unavailable", reason="away", temporary=True)


async def test_a_call_returns_with_its_answer() -> None:
    bench = Bench()
    first, second = bench.call(1), bench.call(2)
    await eventually(lambda: bench.wakes == 2)
    assert bench.take() == ["s-1", "s-2"]
    bench.sender.stored(frames.Sent(id="s-1", offset=7))
    bench.sender.stored(frames.Sent(id="s-2"))
    bench.sender.stored(frames.Sent(id="s-2"))
    assert [await first, await second] == [Sent("s-1", 7), Sent("s-2", None)]
    await bench.sender.wait_idle()


async def test_a_call_beyond_the_window_waits_for_its_turn() -> None:
    bench = Bench(window=1)
    calls = [bench.call(n) for n in range(2)]
    await eventually(lambda: bench.wakes)
    assert bench.take() == ["s-1"]
    bench.sender.stored(frames.Sent(id="s-1", offset=1))
    await calls[0]
    await eventually(lambda: bench.take() == ["s-2"])
    bench.sender.stored(frames.Sent(id="s-2", offset=2))
    assert (await calls[1]).offset == 2


async def test_a_final_refusal_is_raised_and_a_strange_one_is_not_taken() -> None:
    bench = Bench()
    call = bench.call(1)
    await eventually(bench.take)
    assert bench.sender.refused(frames.Error(code="bad_json", reason="?")) is False
    assert bench.sender.refused(frames.Error(id="s-9", code="bad_name", reason="?")) is False
    assert bench.sender.refused(frames.Error(id="s-1", code="bad_name", reason="no"))
    with pytest.raises(SendRejected):
        await call


async def test_a_temporary_refusal_is_tried_again_after_a_while() -> None:
    bench = Bench()
    call = bench.call(1)
    await eventually(bench.take)
    assert bench.sender.refused(unavailable("s-1"))
    assert bench.take() == []
    await eventually(lambda: bench.take() == ["s-1"])
    bench.sender.stored(frames.Sent(id="s-1", offset=1))
    assert (await call).offset == 1


async def test_a_refusal_for_a_call_that_gave_up_is_no_news() -> None:
    bench = Bench()
    calls = [bench.call(n, timeout=0.5) for n in range(2)]
    await eventually(lambda: bench.wakes == 2)
    bench.take()
    for call in calls:
        with pytest.raises(SendTimeout):
            await call
    assert bench.sender.refused(unavailable("s-1"))
    assert bench.sender.refused(unavailable("s-2"))
    assert bench.sender.refused(unavailable("s-3")) is False


async def test_giving_up_behind_a_refusal_blocks_until_a_new_channel() -> None:
    bench = Bench()
    given_up, kept = bench.call(1, timeout=0.5), bench.call(2)
    await eventually(lambda: bench.wakes == 2)
    bench.take()
    bench.sender.refused(unavailable("s-1"))
    bench.sender.refused(unavailable("s-2"))
    with pytest.raises(SendTimeout):
        await given_up
    blocked = bench.sender.blocked
    bench.sender.rewind()
    assert (blocked, bench.sender.blocked) == (True, False)
    assert bench.take() == ["s-2"]
    bench.sender.stored(frames.Sent(id="s-2", offset=1))
    await kept


async def test_one_that_never_got_a_turn_was_not_sent() -> None:
    bench = Bench(window=1)
    first, second = bench.call(1), bench.call(2, timeout=0.01)
    with pytest.raises(SendTimeout) as caught:
        await second
    assert caught.value.id is None
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert bench.take() == []


async def test_what_is_not_durable_is_done_when_taken() -> None:
    bench = Bench()
    call = bench.call(1, durable=False)
    await eventually(bench.take)
    assert await call == Sent("s-1", None)


async def test_the_end_reaches_every_call() -> None:
    bench = Bench(window=1)
    calls = [bench.call(n) for n in range(3)]
    await eventually(lambda: bench.wakes)
    bench.sender.refused(unavailable("s-1"))
    bench.sender.end(ClientClosed())
    for result in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(result, ClientClosed)
    with pytest.raises(ClientClosed):
        await bench.call(4)


class TestReceipts:
    async def stored(self, bench: Bench, **options: float) -> asyncio.Task[Sent]:
        """Make a call that is confirmed and waits for its receipt."""
        call = bench.call(1, receipt=True, **options)  # type: ignore[arg-type]
        await eventually(bench.take)
        bench.sender.stored(frames.Sent(id="s-1", offset=7))
        await bench.sender.wait_idle()
        return call

    @pytest.mark.parametrize("status", ["delivered", "stored"])
    async def test_returns_with_its_receipt(self, status: ReceiptStatus) -> None:
        bench = Bench()
        call = await self.stored(bench)
        assert not call.done()
        bench.sender.receipt(frames.Receipt(id="s-9", status="stored"))
        bench.sender.receipt(frames.Receipt(id="s-1", status=status))
        bench.sender.receipt(frames.Receipt(id="s-1", status="stored"))
        assert await call == Sent("s-1", 7, status)

    async def test_both_answers_at_once(self) -> None:
        bench = Bench()
        call = bench.call(1, receipt=True)
        await eventually(bench.take)
        bench.sender.stored(frames.Sent(id="s-1", offset=7))
        bench.sender.receipt(frames.Receipt(id="s-1", status="delivered"))
        assert (await call).receipt == "delivered"

    async def test_waiting_for_one_takes_no_slot(self) -> None:
        bench = Bench(window=1)
        first = await self.stored(bench)
        second = bench.call(2)
        await eventually(lambda: bench.take() == ["s-2"])
        bench.sender.stored(frames.Sent(id="s-2", offset=8))
        assert await second == Sent("s-2", 8, None)
        first.cancel()

    async def test_none_in_time(self) -> None:
        call = await self.stored(Bench(), timeout=0.5)
        assert (await call).receipt == "stored"

    async def test_a_new_channel_brings_none(self) -> None:
        bench = Bench()
        call = await self.stored(bench)
        bench.sender.rewind()
        async with quicker_than(1.0):  # it does not wait for its own timeout
            assert (await call).receipt == "stored"
        assert bench.take() == []

    async def test_a_new_channel_brings_it_for_what_is_stored_there(self) -> None:
        bench = Bench()
        call = bench.call(1, receipt=True)
        await eventually(bench.take)
        bench.sender.rewind()
        assert bench.take() == ["s-1"]
        bench.sender.stored(frames.Sent(id="s-1", offset=7))
        bench.sender.receipt(frames.Receipt(id="s-1", status="delivered"))
        assert (await call).receipt == "delivered"

    async def test_the_end_takes_nothing_back(self) -> None:
        bench = Bench()
        call = await self.stored(bench)
        bench.sender.end(ClientClosed())
        assert (await call).receipt == "stored"

    async def test_a_cancelled_call_is_forgotten(self) -> None:
        bench = Bench()
        call = await self.stored(bench)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        bench.sender.receipt(frames.Receipt(id="s-1", status="delivered"))
        bench.sender.rewind()

    async def test_none_for_what_is_never_confirmed(self) -> None:
        with pytest.raises(ValueError, match="durable=True"):
            await Bench().call(1, durable=False, receipt=True)

"""Questions for presence: one at a time for each user, and again on a new channel."""

import asyncio

import pytest

from client_sdk.errors import ClientClosed
from client_sdk.questions import Questions
from cluster import frames
from cluster.errors import InvalidName


class Bench:
    """The open questions of a client, and a hand that takes their frames."""

    def __init__(self) -> None:
        self.wakes = 0
        self.questions = Questions(self._wake)

    def _wake(self) -> None:
        self.wakes += 1

    async def ask(self, user: str, timeout: float = 5.0) -> "asyncio.Task[bool | None]":
        """Ask, and return when the question is due."""
        asking = asyncio.create_task(self.questions.ask(user, timeout))
        await asyncio.sleep(0)
        return asking

    def take(self) -> list[str]:
        users = []
        while (data := self.questions.next_frame()) is not None:
            frame = frames.decode_client_frame(data)
            assert isinstance(frame, frames.AskPresence)
            users.append(frame.user)
        return users

    def answer(self, user: str, online: bool | None) -> None:
        self.questions.answered(frames.Presence(user=user, online=online))


@pytest.mark.parametrize("online", [True, False, None])
async def test_an_answer(online: bool | None) -> None:
    bench = Bench()
    asking = await bench.ask("bob")
    assert bench.wakes == 1
    assert bench.take() == ["bob"]
    bench.answer("carol", True)
    bench.answer("bob", online)
    bench.answer("bob", True)
    assert await asking is online


async def test_those_who_ask_together_share_a_question() -> None:
    bench = Bench()
    asking = [await bench.ask("bob") for _ in range(3)]
    other = await bench.ask("carol")
    assert bench.take() == ["bob", "carol"]
    bench.answer("bob", True)
    bench.answer("carol", False)
    assert await asyncio.gather(*asking) == [True] * 3
    assert await other is False


async def test_who_asks_later_gets_no_older_answer() -> None:
    bench = Bench()
    early = await bench.ask("bob")
    assert bench.take() == ["bob"]
    late = await bench.ask("bob")
    assert bench.take() == []
    bench.answer("bob", False)
    assert bench.take() == ["bob"]
    bench.answer("bob", True)
    assert (await early, await late) == (False, True)


async def test_a_new_channel_is_asked_again() -> None:
    bench = Bench()
    early = await bench.ask("bob")
    bench.take()
    late = await bench.ask("bob")
    bench.questions.rewind()
    assert bench.take() == ["bob"]
    bench.answer("bob", True)
    assert (await early, await late) == (True, True)


async def test_no_answer_in_time_means_that_nobody_can_tell() -> None:
    bench = Bench()
    silent, unwritten = await bench.ask("bob", 0.01), await bench.ask("carol", 0.01)
    assert bench.questions.next_frame() is not None
    assert (await silent, await unwritten) == (None, None)
    assert bench.take() == []
    # One that was not answered does not keep others from asking.
    asking = await bench.ask("bob")
    assert bench.take() == ["bob"]
    bench.answer("bob", True)
    assert await asking is True


async def test_the_end_reaches_everyone() -> None:
    bench = Bench()
    asked, due = await bench.ask("bob"), None
    bench.take()
    due = await bench.ask("bob")
    bench.questions.end(ClientClosed())
    for asking in (asked, due, await bench.ask("bob")):
        with pytest.raises(ClientClosed):
            await asking


async def test_names_that_may_not_be_used() -> None:
    with pytest.raises(InvalidName):
        await Bench().questions.ask("", 1.0)

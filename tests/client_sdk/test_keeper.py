"""The keeper under a seeded storm: everything at once, and still each message once, in order.

What it does in single situations is tested through the client, in `test_client`.
"""

import asyncio
import random
from collections.abc import Iterable

import pytest

from client_sdk.client import Client
from client_sdk.connecting import connect
from client_sdk.events import Event, Happening
from cluster.frames import Move
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually

COUNT = 300


class Storm:
    """Faults on two nodes, chosen by a seed, one after the other."""

    def __init__(self, nodes: list[ScriptedNode], seed: int) -> None:
        self._nodes = nodes
        self._random = random.Random(seed)
        for node in nodes:
            node.mangle = self._mangle

    def _mangle(self, frame: bytes) -> Iterable[bytes]:
        """Lose, repeat, or pass a message."""
        draw = self._random.random()
        return () if draw < 0.02 else (frame, frame) if draw < 0.1 else (frame,)

    async def step(self) -> None:
        """Let one thing go wrong, or mend one."""
        node = self._random.choice(self._nodes)
        match self._random.randrange(6):
            case 0:
                node.cut()
            case 1:
                await node.kill()
                await node.start()
            case 2:
                await node.stop()
                await node.start()
            case 3:
                node.store.up = not node.store.up
            case 4 if node.keep_sent_back:
                self._answer_again(node)
            case 4:
                node.keep_sent_back = True
            case 5:
                url = self._random.choice([None, self._random.choice(self._nodes).url])
                await node.say(Move(url=url, within=0.02))

    def calm(self) -> None:
        """Let everything work again."""
        for node in self._nodes:
            node.store.up = True
            node.mangle = lambda frame: (frame,)
            if node.keep_sent_back:
                self._answer_again(node)

    def _answer_again(self, node: ScriptedNode) -> None:
        """Answer what is sent from now on; only a new channel gets answers to what was before."""
        node.keep_sent_back = False
        node.cut()


async def receive_all(client: Client, into: list[int]) -> None:
    async for message in client:
        into.append(message.body)


@pytest.mark.parametrize("seed", range(5))
async def test_a_storm_loses_doubles_and_reorders_nothing(
    nodes: list[ScriptedNode], seed: int
) -> None:
    storm, received = Storm(nodes, seed), list[int]()
    address = ",".join(node.url for node in nodes)
    async with (
        connect(address, user="alice", send_window=50) as alice,
        connect(address, user="bob", receive_window=20) as bob,
    ):
        receiving = asyncio.create_task(receive_all(bob, received))
        sending = [
            asyncio.create_task(alice.send("bob", n, receipt=n % 3 == 0)) for n in range(COUNT)
        ]
        asking = [asyncio.create_task(alice.presence("bob", timeout=30.0)) for _ in range(COUNT)]
        for _ in range(40):
            before = len(received)
            await storm.step()
            # A step takes effect while something moves, and at most for a moment.
            await asyncio.wait(sending, timeout=0.03 if len(received) > before else 0.01)
        storm.calm()
        receipts = [sent.receipt for sent in await asyncio.gather(*sending)]
        assert None not in receipts[::3]
        assert None not in await asyncio.gather(*asking)
        await eventually(lambda: len(received) >= COUNT, within=20.0)
        receiving.cancel()
    assert received == list(range(COUNT))
    assert len(nodes[0].store.inboxes["bob"].tails) == COUNT


async def test_an_unexpected_error_ends_the_client_instead_of_hanging(
    node: ScriptedNode, caplog: pytest.LogCaptureFixture
) -> None:
    events = list[Event]()
    async with connect(node.url, user="bob", on_state=events.append) as client:
        client._receiver.arrived = lambda _frame: 1 // 0  # type: ignore[method-assign, assignment, return-value]
        node.put("bob", "1")
        with pytest.raises(Exception, match="ZeroDivisionError"):
            await anext(client)
    assert "the client failed" in caplog.text
    assert [event.what for event in events] == [Happening.CONNECTED, Happening.ENDED]

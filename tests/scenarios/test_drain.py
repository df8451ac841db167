"""A node is drained while users talk through it: they move, and nobody notices anything."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from client_sdk import Client, Event, Happening, connect
from tests.scenarios.conftest import StartNode
from tests.scenarios.processes import NodeProcess, Program
from tests.services import eventually

WITHIN = 3.0
PAIRS = 4
End = Callable[[NodeProcess, str, str], Awaitable[None]]
# Messages that each sends at least once the node has gone.
AFTER = 50


@dataclass
class User:
    """One user, who sends numbers to a peer and keeps what comes.

    Attributes:
        client: the user's client.
        peer: whom it writes to.
        events: what has happened to its channel.
        got: the numbers that have arrived, in order of arrival.
        sent: how many it has sent.
    """

    client: Client
    peer: str
    events: list[Event]
    got: list[int] = field(default_factory=list)
    sent: int = 0

    async def send_until(self, over: asyncio.Event) -> None:
        """Send one message after the other, and some more when it is over."""
        after = 0
        while after < AFTER:
            await self.client.send(self.peer, {"n": self.sent})
            self.sent += 1
            after += over.is_set()

    async def receive(self) -> None:
        """Receive until cancelled."""
        async for message in self.client:
            assert isinstance(message.body, dict)
            self.got.append(message.body["n"])


async def join(stack: AsyncExitStack, address: str, name: str, peer: str) -> User:
    """Connect a user for as long as the stack is open."""
    events: list[Event] = []
    client = await stack.enter_async_context(connect(address, user=name, on_state=events.append))
    return User(client, peer, events)


async def end_by_command(node: NodeProcess, zk: str, cluster: str) -> None:
    """Have `server drain` end a node; it returns when that has gone."""
    command = ("server", "drain", f"127.0.0.1:{node.port}", "--within", str(WITHIN))
    where = ("--zk", zk, "--cluster", cluster)
    async with Program(node.log.parent, "drain", *command, *where) as drain:
        assert await drain.wait() == 0, drain.log.read_text()
    assert "has gone" in drain.log.read_text()


async def end_by_signal(node: NodeProcess, _zk: str, _cluster: str) -> None:
    """End a node as an orchestrator does."""
    node.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("end", [end_by_command, end_by_signal])
async def test_nobody_notices(
    start_node: StartNode, zk_hosts: str, cluster_name: str, end: End
) -> None:
    options = ("--drain-within", str(WITHIN))
    drained, other = await asyncio.gather(*(start_node(*options) for _ in range(2)))
    anywhere = f"zk://{zk_hosts}?cluster={cluster_name}"
    over = asyncio.Event()
    async with AsyncExitStack() as stack, asyncio.timeout(90):
        users = []
        for number in range(PAIRS):
            here, there = f"a{number}", f"b{number}"
            users.append(await join(stack, drained.url, here, there))
            users.append(await join(stack, anywhere, there, here))
        on_drained = [user for user in users if user.client.url == drained.url]
        reading = [asyncio.create_task(user.receive()) for user in users]
        sending = [asyncio.create_task(user.send_until(over)) for user in users]
        await eventually(lambda: all(user.sent > 10 for user in users), within=20.0)

        await end(drained, zk_hosts, cluster_name)
        assert await drained.wait() == 0, drained.log.read_text()
        over.set()
        await asyncio.gather(*sending)
        await eventually(lambda: sum(len(u.got) for u in users) >= sum(u.sent for u in users))
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)

        for one, peer in zip(users[::2], users[1::2], strict=True):
            assert one.got == list(range(peer.sent))
            assert peer.got == list(range(one.sent))
        assert {user.client.url for user in users} == {other.url}
        for user in on_drained:
            happenings = [event.what for event in user.events]
            assert Happening.MOVING in happenings
            assert Happening.DISCONNECTED not in happenings
    assert "drained: 0 channels are left" in [line["message"] for line in drained.logged()]

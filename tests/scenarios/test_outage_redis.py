"""Redis goes away, freezes or is emptied: nothing that was confirmed is lost, nobody hangs."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest

from client_sdk import Happening
from tests.scenarios.conftest import StartNode
from tests.scenarios.load import Verdict, figures, flowing
from tests.scenarios.processes import NodeProcess
from tests.scenarios.watching import is_online, kept_waiting
from tests.scenarios.wire_client import WireClient, on_wire
from tests.services import OwnRedis, eventually
from tests.services.stalls import Stalls

OUTAGE = 10.0
RATE = 200.0

# What the project promises: no send waits longer to hear that it is not stored.
LONGEST_WAIT = 0.3
# Seconds between two sends of a prober.
_PACE = 0.05


class Prober:
    """A client that sends one message after the other, and each again until it is stored."""

    def __init__(self, wire: WireClient, name: str, spared: Callable[[], float]) -> None:
        """Take a channel.

        Args:
            wire: the channel.
            name: whose it is.
            spared: returns the seconds so far that the machine has kept from node and test.
        """
        self.wire = wire
        self.name = name
        self._spared = spared
        # Seconds from each send to the refusal that answered it, but for what was spared.
        self.refusals: list[float] = []
        # How many messages were stored.
        self.stored = 0

    async def probe(self) -> None:
        """Send until cancelled."""
        while True:
            answer, waited = await self._send(f"{self.name}-{self.stored + 1}")
            if answer == "sent":
                self.stored += 1
            else:
                assert answer == "unavailable"
                self.refusals.append(waited)
            await asyncio.sleep(_PACE)  # the pace, not a wait for anything

    async def _send(self, id: str) -> tuple[str, float]:
        """Send to oneself; return the answer and after how many seconds it came."""
        seen, spared = len(self.wire.came), self._spared()
        written = await self.wire.send(id, self.name)

        def answer() -> tuple[str, float] | None:
            for came, frame in self.wire.came[seen:]:
                if frame["type"] in ("sent", "error"):
                    taken = self._spared() - spared
                    return frame.get("code", "sent"), max(0.0, came - written - taken)
            return None

        found = await eventually(answer, within=10)
        assert found is not None
        return found


def taken_by_others(stalls: Stalls, node: NodeProcess) -> float:
    """Return the seconds that the machine has kept from this process and a node so far."""
    return stalls.seconds + kept_waiting(node.pid)


@asynccontextmanager
async def probers(nodes: list[NodeProcess]) -> AsyncIterator[list[Prober]]:
    """Have three clients on every node send to nobody."""
    async with contextlib.AsyncExitStack() as stack:
        made, stalls = [], await stack.enter_async_context(Stalls())
        for number in range(3 * len(nodes)):
            name = f"prober{number}"
            node = nodes[number % len(nodes)]
            wire = await stack.enter_async_context(on_wire(node.url, name))
            made.append(Prober(wire, name, partial(taken_by_others, stalls, node)))
        tasks = [asyncio.create_task(prober.probe()) for prober in made]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(result, asyncio.CancelledError), result


@pytest.mark.parametrize(
    ("fault", "undo", "lasting"),
    [(OwnRedis.kill, OwnRedis.start, OUTAGE), (OwnRedis.pause, OwnRedis.unpause, 4.0)],
    ids=["killed", "frozen"],
)
async def test_gone_for_a_while(
    start_node: StartNode,
    own_redis: OwnRedis,
    fault: Callable[[OwnRedis], None],
    undo: Callable[[OwnRedis], None],
    lasting: float,
) -> None:
    first, second = await asyncio.gather(*(start_node("--redis", own_redis.url) for _ in "12"))
    ways = [(first.url, second.url), (second.url, first.url)]
    async with (
        probers([first, second]) as probing,
        flowing([ways[number % 2] for number in range(8)], rate=RATE) as load,
    ):
        await load.run(2.0)
        await asyncio.to_thread(fault, own_redis)
        await load.run(lasting)
        confirmed = load.confirmed
        await load.run(0.5)
        # Nothing is called sent that no store holds.
        assert load.confirmed == confirmed
        await asyncio.to_thread(undo, own_redis)
        back = time.monotonic()
        await eventually(lambda: load.confirmed > confirmed, within=5)
        resumed = time.monotonic() - back
        await load.run(2.0)
        await load.finish()
        refusals = sorted(wait for prober in probing for wait in prober.refusals)
        figures(
            sent=load.sent,
            refused=len(refusals),
            longest_wait=refusals[-1],
            resumed_after=resumed,
        )
        assert load.judge() == Verdict()
        assert load.confirmed == load.sent
        assert load.happened(Happening.DISCONNECTED) == 0
        assert all(prober.wire.is_open and prober.refusals for prober in probing)
        assert refusals[-1] <= LONGEST_WAIT
        for prober in probing:
            assert prober.wire.offsets == sorted(set(prober.wire.offsets))


async def test_emptied_under_load(start_node: StartNode, own_redis: OwnRedis) -> None:
    first, second = await asyncio.gather(*(start_node("--redis", own_redis.url) for _ in "12"))
    ways = [(first.url, second.url), (second.url, first.url)]
    async with flowing([ways[number % 2] for number in range(8)], rate=RATE) as load:
        await load.run(2.0)
        lost = load.happened(Happening.MESSAGES_LOST)
        epochs = {flow.recipient.epoch for flow in load.flows}
        await asyncio.to_thread(own_redis.flush)
        # Both ends of every flow are told.
        await eventually(
            lambda: load.happened(Happening.MESSAGES_LOST) >= lost + 2 * len(load.flows), within=5
        )
        fresh = [flow.sent for flow in load.flows]
        await load.run(3.0)
        await load.finish()
        assert load.confirmed == load.sent
        assert load.judge(fresh) == Verdict()
        assert all(flow.arrivals[-1].number == flow.sent - 1 for flow in load.flows)
        assert load.happened(Happening.DISCONNECTED) == 0
        assert epochs.isdisjoint({flow.recipient.epoch for flow in load.flows})
        figures(sent=load.sent, lost=load.judge().lost)
        for node in (first, second):
            for flow in load.flows:
                assert await is_online(node, flow.sender_name)
                assert await is_online(node, flow.recipient_name)


async def test_emptied_while_nothing_moves(start_node: StartNode, own_redis: OwnRedis) -> None:
    first, second = await asyncio.gather(*(start_node("--redis", own_redis.url) for _ in "12"))
    async with on_wire(first.url, "alice") as alice, on_wire(second.url, "bob") as bob:
        for number in range(1, 4):
            await alice.deliver(f"s-{number}", "bob", number)
        await bob.wait_for(lambda frame: frame.get("offset") == 3 and "body" in frame)
        await asyncio.to_thread(own_redis.flush)
        clients = (alice, bob)
        await eventually(lambda: all(len(client.of("connected")) == 2 for client in clients))
        for client in clients:
            before, after = client.of("connected")
            assert after["recovered"] is False
            assert after["offset"] == 0
            assert after["epoch"] != before["epoch"]
            assert after["channel"] == before["channel"]
        sent = await alice.deliver("s-4", "bob", "anew")
        assert sent["offset"] == 1
        await bob.wait_for(lambda frame: frame.get("body") == "anew")
        assert await is_online(first, "bob")
        assert await is_online(second, "alice")

"""A message that is sent again, over whichever node, is stored once."""

import asyncio
import signal

from tests.scenarios.conftest import StartNode
from tests.scenarios.processes import NodeProcess
from tests.scenarios.watching import metric, shelves_in
from tests.scenarios.wire_client import on_wire
from tests.services import OwnRedis, eventually


async def test_a_retry_over_another_node_is_stored_once(
    start_node: StartNode, redis_url: str, cluster_name: str
) -> None:
    first, second = await asyncio.gather(start_node(), start_node())
    async with (
        shelves_in(redis_url, cluster_name) as shelves,
        on_wire(second.url, "bob") as bob,
    ):
        async with on_wire(first.url, "alice") as alice:
            sent = [await alice.deliver(f"s-{n}", "bob", n) for n in (1, 2, 3)]
        async with on_wire(second.url, "alice") as alice:
            again = await alice.deliver("s-3", "bob", 3)
            # Its place is known as long as it is the last one of its session.
            assert again == sent[2]
            assert "offset" not in await alice.deliver("s-1", "bob", 1)
            assert (await alice.deliver("s-4", "bob", 4))["offset"] == 4
        await bob.wait_for(lambda frame: frame.get("body") == 4)
        assert [frame["body"] for frame in bob.of("message")] == [1, 2, 3, 4]
        assert await shelves.head("bob") == await shelves.inbox_length("bob") == 4
        assert await metric(second, "repeated_total") == 2


async def test_a_node_that_wakes_up_with_a_send_in_its_hands(
    start_node: StartNode, redis_url: str, cluster_name: str
) -> None:
    """It is frozen before it reads the message, which comes through another one meanwhile."""
    zombie, second = await asyncio.gather(start_node(), start_node())
    async with (
        shelves_in(redis_url, cluster_name) as shelves,
        on_wire(second.url, "bob") as bob,
        on_wire(zombie.url, "alice") as stuck,
    ):
        zombie.send_signal(signal.SIGSTOP)
        await stuck.send("s-1", "bob", "once")
        await stuck.send("s-2", "bob", "twice")
        async with on_wire(second.url, "alice") as alice:
            assert (await alice.deliver("s-1", "bob", "once"))["offset"] == 1
            zombie.send_signal(signal.SIGCONT)
            await stuck.answer_to("s-2", within=10)
            await alice.deliver("s-2", "bob", "twice")
            await alice.deliver("s-3", "bob", "end")
        await bob.wait_for(lambda frame: frame.get("body") == "end")
        assert [frame["body"] for frame in bob.of("message")] == ["once", "twice", "end"]
        assert bob.offsets == [1, 2, 3]
        assert await shelves.inbox_length("bob") == 3
        assert await metric(zombie, "repeated_total") >= 1


async def test_a_node_that_never_heard_that_it_stored(
    start_node: StartNode, own_redis: OwnRedis, cluster_name: str
) -> None:
    """It is frozen between its call to the store and the answer, and the client goes elsewhere."""
    options = ("--redis", own_redis.url)
    zombie, second = await asyncio.gather(start_node(*options), start_node(*options))
    async with (
        shelves_in(own_redis.url, cluster_name) as shelves,
        on_wire(second.url, "bob") as bob,
        on_wire(zombie.url, "alice") as stuck,
    ):
        await asyncio.to_thread(own_redis.pause)
        taken = await metric(zombie, "batches_total")
        await stuck.send("s-1", "bob", "once")
        # A busy machine may take longer for this than the node waits for an answer. Then it knows
        # that it was not told; the store has the call all the same.
        await eventually(lambda: has_taken(zombie, taken + 1))
        zombie.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(own_redis.unpause)
        # The store has executed what was in its socket; nobody has been told.
        await eventually(lambda: shelves.head("bob"))
        async with on_wire(second.url, "alice") as alice:
            assert (await alice.deliver("s-1", "bob", "once"))["offset"] == 1
            zombie.send_signal(signal.SIGCONT)
            # Whatever it says of the first attempt, the message has its place already.
            await stuck.answer_to("s-1", within=10)
            await alice.deliver("s-2", "bob", "end")
        await bob.wait_for(lambda frame: frame.get("body") == "end")
        assert [frame["body"] for frame in bob.of("message")] == ["once", "end"]
        assert await shelves.inbox_length("bob") == 2


async def has_taken(node: NodeProcess, batches: float) -> bool:
    return await metric(node, "batches_total") >= batches

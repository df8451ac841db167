"""Nodes die with users on them: nobody is online for longer than the session of the dead."""

import asyncio
import signal
import time

from tests.scenarios.conftest import StartNode
from tests.scenarios.crowd import crowd
from tests.scenarios.load import figures
from tests.scenarios.processes import NodeProcess
from tests.scenarios.watching import Shelves, holds, is_online, readiness, shelves_in
from tests.scenarios.wire_client import on_wire
from tests.services import eventually

SESSION_TIMEOUT = 4.0
USERS = 1000
# What the project promises: ghosts are gone so many seconds after the session's end.
SWEPT_WITHIN = 2.0

OPTIONS = ("--session-timeout", str(SESSION_TIMEOUT))


async def node_id(node: NodeProcess) -> str:
    answer: str = (await readiness(node))["node"]
    return answer


async def is_clean(shelves: Shelves, dead: set[str]) -> bool:
    """Tell whether nothing of dead nodes is left in the directory."""
    if await shelves.incarnations() & dead:
        return False
    for node in dead:
        if await shelves.users_of(node):
            return False
    return all(not nodes & dead for nodes in (await shelves.all_channels()).values())


async def test_a_node_dies_with_a_thousand_users(
    start_node: StartNode, redis_url: str, cluster_name: str
) -> None:
    victim, other = await asyncio.gather(start_node(*OPTIONS), start_node(*OPTIONS))
    dead, living = await node_id(victim), await node_id(other)
    users = [f"user{number}" for number in range(USERS)]
    async with (
        shelves_in(redis_url, cluster_name) as shelves,
        crowd(victim.url, users),
    ):
        assert await shelves.users_of(dead) == set(users)
        assert len(await shelves.all_channels()) == USERS
        await victim.kill()
        died = time.monotonic()
        async with on_wire(other.url, "user7") as returned:
            assert await is_online(other, "user7")
            await eventually(
                lambda: is_clean(shelves, {dead}), within=SESSION_TIMEOUT + SWEPT_WITHIN
            )
            figures(users=USERS, clean_after=round(time.monotonic() - died, 2))
            assert set((await shelves.channels_of("user7")).values()) == {living}
            assert list((await shelves.all_channels()).values()) == [{living}]
            assert await is_online(other, "user7")
            assert not await is_online(other, "user8")
            assert returned.is_open


async def test_a_cluster_that_died_is_swept_by_the_next_node(
    start_node: StartNode, redis_url: str, cluster_name: str
) -> None:
    nodes = await asyncio.gather(*(start_node(*OPTIONS) for _ in range(3)))
    dead = {await node_id(node) for node in nodes}
    users = [f"user{number}" for number in range(60)]
    async with shelves_in(redis_url, cluster_name) as shelves:
        async with crowd(nodes[0].url, users[:20]), crowd(nodes[1].url, users[20:]):
            assert len(await shelves.all_channels()) == len(users)
            await asyncio.gather(*(node.kill() for node in nodes))
            died = time.monotonic()
        heir = await start_node(*OPTIONS)
        # It may have taken longer to start than their sessions to end.
        due = max(died + SESSION_TIMEOUT, time.monotonic())
        left = due + SWEPT_WITHIN - time.monotonic()
        await eventually(lambda: is_clean(shelves, dead), within=left)
        figures(clean_after=round(time.monotonic() - died, 2))
        assert await shelves.incarnations() == {await node_id(heir)}
        assert not await is_online(heir, users[0])


async def test_a_node_that_was_dead_for_a_while_enters_its_users_again(
    start_node: StartNode, redis_url: str, cluster_name: str
) -> None:
    """A node that is frozen for longer than its session is swept; its channels live on."""
    zombie, other = await asyncio.gather(start_node(*OPTIONS), start_node(*OPTIONS))
    dead = await node_id(zombie)
    async with (
        shelves_in(redis_url, cluster_name) as shelves,
        on_wire(zombie.url, "bob") as bob,
        on_wire(other.url, "alice") as alice,
    ):
        await alice.deliver("s-1", "bob", "before")
        await bob.wait_for(lambda frame: frame.get("body") == "before")
        zombie.send_signal(signal.SIGSTOP)
        await eventually(lambda: is_clean(shelves, {dead}), within=SESSION_TIMEOUT + SWEPT_WITHIN)
        assert not await is_online(other, "bob")
        await alice.deliver("s-2", "bob", "meanwhile")
        zombie.send_signal(signal.SIGCONT)
        await bob.wait_for(lambda frame: frame.get("body") == "meanwhile", within=10)

        async def bob_is_back() -> bool:
            return await is_online(other, "bob") and await is_online(zombie, "bob")

        await eventually(bob_is_back, within=10)
        await alice.deliver("s-3", "bob", "after")
        await bob.wait_for(lambda frame: frame.get("body") == "after")
        assert bob.offsets == [1, 2, 3]
        # Nor does anybody sweep it again.
        await holds(bob_is_back, lasting=2.0)


async def test_a_node_that_leaves_takes_only_its_own_with_it(
    start_node: StartNode, redis_url: str, cluster_name: str
) -> None:
    first, second = await asyncio.gather(start_node(*OPTIONS), start_node(*OPTIONS))
    leaver, stayer = await node_id(first), await node_id(second)
    async with (
        shelves_in(redis_url, cluster_name) as shelves,
        on_wire(first.url, "bob"),
        on_wire(second.url, "bob"),
    ):
        assert set((await shelves.channels_of("bob")).values()) == {leaver, stayer}
        assert await first.stop() == 0
        assert set((await shelves.channels_of("bob")).values()) == {stayer}
        assert await shelves.incarnations() == {stayer}
        assert await is_online(second, "bob")

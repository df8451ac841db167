"""The client for ZooKeeper: its calls, its states, and what it makes of a broken connection."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from cluster.address import ZookeeperAddress, parse_zookeeper
from cluster.errors import ServiceUnavailable
from cluster.zookeeper import SessionState, Zookeeper
from tests.cluster.registries import opened_session
from tests.services import Forwarder, eventually, free_port
from tests.services.stalls import Stalls, quicker_than

MakeForwarder = Callable[[str, int], Forwarder]


def through(forwarder: MakeForwarder, hosts: str) -> tuple[Forwarder, str]:
    """Put a forwarder before a ZooKeeper; return it and the address that leads through it."""
    address = parse_zookeeper(hosts)
    host, _, port = address.hosts.rpartition(":")
    made = forwarder(host, int(port))
    return made, made.address + address.chroot


async def test_calls_tell_what_there_is_and_what_is_not(zk_hosts: str) -> None:
    async with opened_session(zk_hosts) as zookeeper:
        assert await zookeeper.get_children("/a") is None
        assert await zookeeper.get("/a") is None
        assert await zookeeper.owner("/a") is None
        assert not await zookeeper.set("/a", b"1")
        assert not await zookeeper.delete("/a")
        await zookeeper.ensure_path("/a/b")
        await zookeeper.ensure_path("/a/b")
        assert await zookeeper.get_children("/a") == ["b"]
        assert await zookeeper.owner("/a/b") == 0
        assert await zookeeper.set("/a/b", b"1")
        assert await zookeeper.get("/a/b") == b"1"
        await zookeeper.sync("/a")
        assert await zookeeper.delete("/a/b")
        assert await zookeeper.get_children("/a") == []


async def test_what_it_creates_goes_with_its_session(zk_hosts: str) -> None:
    async with opened_session(zk_hosts) as other:
        async with opened_session(zk_hosts) as zookeeper:
            await zookeeper.ensure_path("/a")
            path = await zookeeper.create("/a/n-", b"data")
            assert path == "/a/n-0000000000"
            assert await other.get(path) == b"data"
            assert await other.owner(path) == zookeeper.session_id
            assert abs((await other.created(path) or 0.0) - time.time()) < 60.0
        assert await other.created(path) is None
        assert await other.get(path) is None


async def test_a_missing_chroot_is_made(zk_hosts: str) -> None:
    async with opened_session(zk_hosts + "/not/yet") as zookeeper:
        await zookeeper.ensure_path("/a")
        async with opened_session(zk_hosts) as other:
            assert await other.get_children("/not/yet") == ["a"]


async def test_creating_without_a_parent_can_be_tried_again(zk_hosts: str) -> None:
    async with opened_session(zk_hosts) as zookeeper:
        with pytest.raises(ServiceUnavailable, match="its parent is missing"):
            await zookeeper.create("/missing/n-", b"")


async def test_watches_are_called_once_in_the_loop(zk_hosts: str) -> None:
    async with opened_session(zk_hosts) as zookeeper:
        loop, seen = asyncio.get_running_loop(), list[tuple[str, bool]]()

        def saw(path: str) -> None:
            seen.append((path, asyncio.get_running_loop() is loop))

        await zookeeper.owner("/a", saw)
        await zookeeper.owner("/a", saw)
        await zookeeper.ensure_path("/a")
        await eventually(lambda: seen)
        await zookeeper.set("/a", b"1")
        await zookeeper.get_children("/a", saw)
        await zookeeper.ensure_path("/a/b")
        await eventually(lambda: len(seen) > 1)
        await zookeeper.get("/a/b", saw)
        await zookeeper.delete("/a/b")
        await eventually(lambda: len(seen) > 2)
        assert seen == [("/a", True), ("/a", True), ("/a/b", True)]


async def test_a_thousand_calls_at_once(zk_hosts: str) -> None:
    async with opened_session(zk_hosts) as zookeeper:
        found = await asyncio.gather(*(zookeeper.get(f"/{i}") for i in range(1000)))
        assert found == [None] * 1000


async def test_without_a_server_it_says_so_and_goes_on() -> None:
    zookeeper = Zookeeper(ZookeeperAddress(f"127.0.0.1:{free_port()}", "/x"), 1.0)
    zookeeper.start()
    zookeeper.start()
    with pytest.raises(
        ServiceUnavailable, match=r"ZooKeeper at 127\.0\.0\.1:\d+/x: Connection refused"
    ):
        await zookeeper.wait_connected(0.3)
    with pytest.raises(ServiceUnavailable, match="not connected"):
        await zookeeper.get("/a")
    async with quicker_than(0.5):
        await zookeeper.close()
        await zookeeper.close()


async def test_a_suspended_session_is_declared_lost_in_time(
    zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    async with opened_session(hosts, 1.0) as zookeeper, Stalls() as stalls:
        seen = list[tuple[SessionState, float, float]]()
        zookeeper.states.add(lambda state: seen.append((state, time.monotonic(), stalls.elapsed)))
        between.refuse()
        between.cut()
        await eventually(lambda: len(seen) == 2, within=5.0)
        (first, suspended, before), (second, lost, after) = seen
        assert (first, second) == (SessionState.SUSPENDED, SessionState.LOST)
        assert lost - suspended > 0.9
        assert after - before < 2.0
        between.heal()
        await eventually(lambda: zookeeper.state is SessionState.CONNECTED, within=10.0)


async def test_a_short_cut_keeps_the_session(zk_hosts: str, forwarder: MakeForwarder) -> None:
    between, hosts = through(forwarder, zk_hosts)
    async with opened_session(hosts) as zookeeper:
        session, seen = zookeeper.session_id, list[SessionState]()
        zookeeper.states.add(seen.append)
        between.cut()
        await eventually(lambda: SessionState.CONNECTED in seen)
        assert seen == [SessionState.SUSPENDED, SessionState.CONNECTED]
        assert zookeeper.session_id == session


async def test_a_call_without_a_reply_ends(zk_hosts: str, forwarder: MakeForwarder) -> None:
    between, hosts = through(forwarder, zk_hosts)
    async with opened_session(hosts, 1.0) as zookeeper:
        between.drop("from_target")
        with pytest.raises(ServiceUnavailable):
            async with asyncio.timeout(5.0):
                await zookeeper.get("/a")


async def test_a_cancelled_call_harms_nobody(zk_hosts: str) -> None:
    async with opened_session(zk_hosts) as zookeeper:
        call = asyncio.create_task(zookeeper.ensure_path("/a"))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
        await zookeeper.ensure_path("/a")


@asynccontextmanager
async def server_that_goes_mad(hosts: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Give an address that leads to a ZooKeeper, and an event: once set, it talks nonsense."""
    address = parse_zookeeper(hosts)
    host, _, port = address.hosts.rpartition(":")
    mad, tasks = asyncio.Event(), set[asyncio.Task[None]]()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    async def rave(writer: asyncio.StreamWriter) -> None:
        await mad.wait()
        mad.clear()
        # A reply to a request that was never made.
        writer.write(struct.pack(">iiqi", 16, 4711, 0, 0))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        work = [
            asyncio.create_task(copy(reader, there_writer)),
            asyncio.create_task(copy(there_reader, writer)),
            asyncio.create_task(rave(writer)),
        ]
        tasks.update(work)
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(work[:2], return_when=asyncio.FIRST_COMPLETED)
        for each, task in zip((there_writer, writer), work, strict=False):
            each.close()
            task.cancel()
        work[2].cancel()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}{address.chroot}", mad
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_client_that_died_of_nonsense_is_replaced(zk_hosts: str) -> None:
    async with (
        server_that_goes_mad(zk_hosts) as (hosts, mad),
        opened_session(hosts) as zookeeper,
    ):
        session, seen = zookeeper.session_id, list[SessionState]()
        zookeeper.states.add(seen.append)
        mad.set()
        await eventually(lambda: seen[-1:] == [SessionState.CONNECTED], within=15.0)
        assert SessionState.LOST in seen
        assert zookeeper.session_id != session
        await zookeeper.ensure_path("/a")


async def test_a_name_that_cannot_be_resolved_is_tried_again_and_given_up_at_once() -> None:
    zookeeper = Zookeeper(ZookeeperAddress("no-such-host.invalid:2181"), 1.0)
    zookeeper.start()
    with pytest.raises(ServiceUnavailable, match=r"no-such-host\.invalid:2181"):
        await zookeeper.wait_connected(0.3)
    async with quicker_than(0.5):
        await zookeeper.close()

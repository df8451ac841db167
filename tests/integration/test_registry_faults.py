"""What the registry makes of a network that fails: cuts, lost replies, sessions that expire."""

import asyncio
import itertools
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import PurePosixPath

import msgspec
import pytest

from cluster.address import parse_zookeeper
from cluster.record import NodeRecord, decode_record
from cluster.registry import Membership
from tests.cluster.records import make_record
from tests.cluster.registries import (
    Inspector,
    holds,
    inspector,
    listening_ports,
    make_registry,
    opened_registry,
)
from tests.services import Forwarder, eventually
from tests.services.stalls import quicker_than

# Above what a busy machine delays a sign of life, below what a test would rather not wait.
SESSION = 2.0

MakeForwarder = Callable[[str, int], Forwarder]


def through(forwarder: MakeForwarder, hosts: str) -> tuple[Forwarder, str]:
    """Put a forwarder before a ZooKeeper; return it and the address that leads through it."""
    address = parse_zookeeper(hosts)
    host, _, port = address.hosts.rpartition(":")
    made = forwarder(host, int(port))
    return made, made.address + address.chroot


def cut_off(between: Forwarder) -> None:
    """Let nothing through until it is healed."""
    between.refuse()
    between.cut()


@pytest.fixture
async def inspect(zk_hosts: str) -> AsyncIterator[Inspector]:
    async with inspector(zk_hosts) as made:
        yield made


def shows_only(membership: Membership, record: NodeRecord) -> bool:
    return membership.snapshot.records == (record,)


class Counter:
    """Looks all the time how many znodes there are; remembers the most."""

    def __init__(self, inspect: Inspector) -> None:
        self._inspect = inspect
        # The most that were seen at once for one node.
        self.most = 0
        self._task = asyncio.create_task(self._count())

    async def _count(self) -> None:
        while True:
            ids = [PurePosixPath(name).name[:-11] for name in await self._inspect.znodes()]
            self.most = max([self.most, *map(ids.count, ids)])

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        assert self._task.cancelled()


async def test_a_lost_reply_does_not_leave_two(
    inspect: Inspector, zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    async with opened_registry(hosts) as registry:
        between.drop("from_target")
        # Whatever asks first loses its reply; the replies of all steps before are let through.
        registering = asyncio.create_task(registry.register(make_record()))
        await asyncio.wait([registering], timeout=0.2)
        between.heal()
        between.cut()
        await registering
        assert len(await inspect.znodes()) == 1


async def test_a_create_that_was_made_but_not_answered_is_found(
    inspect: Inspector, zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    async with opened_registry(hosts) as registry:
        # Replies come late enough to be cut after the request has been carried out.
        between.delay(0.1)
        registering = asyncio.create_task(registry.register(make_record()))
        (made,) = await eventually(inspect.znodes)
        between.heal()
        between.cut()
        await registering
        assert set(await inspect.znodes()) == {made}


async def test_cuts_at_any_moment_never_make_two(
    inspect: Inspector, zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    chance = random.Random(7)
    async with opened_registry(hosts) as registry:
        counter = Counter(inspect)
        for i in range(20):
            between.delay(chance.uniform(0.0, 0.01))
            record = make_record(port=7001 + i)
            registering = asyncio.create_task(registry.register(record))
            await asyncio.wait([registering], timeout=chance.uniform(0.0, 0.06))
            between.cut()
            await registering
            names = [name for name in await inspect.znodes() if record.node_id in name]
            assert len(names) == 1
        await counter.stop()
        assert counter.most == 1
        assert len(await inspect.znodes()) == 20


async def test_cuts_while_the_state_changes_leave_one_in_the_last_state(
    inspect: Inspector, zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    chance = random.Random(11)
    async with opened_registry(hosts) as registry, opened_registry(zk_hosts) as outside:
        record = make_record()
        registration = await registry.register(record)
        membership = await outside.watch()
        await membership.wait_ready(5.0)
        seen: list[frozenset[str]] = []
        membership.subscribe(lambda snapshot: seen.append(snapshot.node_ids()))

        async def alone() -> bool:
            return len(await inspect.znodes()) == 1

        for i in range(20):
            between.delay(chance.uniform(0.0, 0.01))
            state = "up" if i % 2 else "draining"
            record = msgspec.structs.replace(record, state=state, load=i)
            registration.update(record)
            await asyncio.sleep(chance.uniform(0.0, 0.08))
            between.cut()
            await eventually(partial(shows_only, membership, record), within=10.0)
            await eventually(alone, within=10.0)
        assert all(ids == {record.node_id} for ids in seen), "it never seemed to leave"


class CutWhen(logging.Handler):
    """Cuts what goes through a forwarder at the first log line that begins with some words."""

    def __init__(self, begins: str, between: Forwarder) -> None:
        super().__init__()
        self._begins = begins
        self._between = between
        # Whether the line came.
        self.done = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self.done and record.getMessage().startswith(self._begins):
            self.done = True
            self._between.cut()


async def test_a_cut_before_the_former_one_is_deleted_does_not_leave_two(
    inspect: Inspector, zk_hosts: str, forwarder: MakeForwarder, caplog: pytest.LogCaptureFixture
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    record = make_record()
    logger = logging.getLogger("cluster.registration")
    caplog.set_level(logging.INFO, logger.name)
    async with opened_registry(hosts) as registry:
        registration = await registry.register(record)
        before = await inspect.znodes()
        # A delete takes longer than it takes to cut.
        between.delay(0.05)
        cut = CutWhen("registered as", between)
        logger.addHandler(cut)
        try:
            registration.update(msgspec.structs.replace(record, state="draining"))

            async def replaced() -> bool:
                now = await inspect.znodes()
                return len(now) == 1 and set(now).isdisjoint(before)

            await eventually(replaced)
        finally:
            logger.removeHandler(cut)
        assert cut.done


async def test_an_expiry_while_the_state_changes_leaves_one_in_the_last_state(
    inspect: Inspector, zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    record = make_record()
    async with opened_registry(hosts, SESSION) as registry:
        registration = await registry.register(record)
        before = await inspect.znodes()
        cut_off(between)
        draining = msgspec.structs.replace(record, state="draining")
        registration.update(draining)

        async def gone() -> bool:
            return not await inspect.znodes()

        await eventually(gone, within=10.0)
        between.heal()
        ((name, owner),) = (await eventually(inspect.znodes, within=10.0)).items()
        assert owner not in before.values()
        assert decode_record(await inspect.read(name), name) == draining


async def test_an_expired_session_is_followed_by_one_new_znode(
    inspect: Inspector, zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    record = make_record()
    async with opened_registry(hosts, SESSION) as registry:
        registration = await registry.register(record)
        before = await inspect.znodes()
        cut_off(between)
        registration.update(msgspec.structs.replace(record, load=9))

        async def gone() -> bool:
            return not await inspect.znodes()

        await eventually(gone, within=10.0)
        between.heal()
        after = await eventually(inspect.znodes, within=10.0)
        ((name, owner),) = after.items()
        assert name not in before
        assert owner not in before.values()
        assert decode_record(await inspect.read(name), name).load == 9


async def test_an_expiry_in_the_middle_of_everything_leaves_one(
    inspect: Inspector, zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    record = make_record()
    async with opened_registry(hosts, 0.5) as registry:
        registration = await registry.register(record)
        for wait, load in zip((0.1, 0.4, 0.7, 1.2), itertools.count(1), strict=False):
            cut_off(between)
            registration.update(msgspec.structs.replace(record, load=load))
            await eventually(lambda: not registry.connected)
            await holds(lambda: not registry.connected, wait)
            between.heal()
            await registry.connect(10.0)

        async def one_with_the_last_load() -> bool:
            names = list(await inspect.znodes())
            return len(names) == 1 and (
                decode_record(await inspect.read(names[0]), names[0]).load == 4
            )

        await eventually(one_with_the_last_load, within=10.0)


async def test_a_watcher_that_is_cut_off_keeps_its_list(
    zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    async with (
        opened_registry(zk_hosts) as node,
        opened_registry(hosts, SESSION) as watcher,
    ):
        records = tuple(make_record(port=7001 + i) for i in range(2))
        for record in records:
            await node.register(record)
        membership = await watcher.watch()
        version = (await membership.wait_ready(5.0)).version
        for _ in range(2):
            cut_off(between)
            await eventually(lambda: membership.snapshot.stale)
            assert not watcher.connected
            assert membership.snapshot.records == records
            between.heal()
            await eventually(lambda: not membership.snapshot.stale, within=10.0)
        assert membership.snapshot.records == records
        assert membership.snapshot.version == version, "the list never changed"


async def test_what_changed_while_a_watcher_was_cut_off_is_seen(
    zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    async with (
        opened_registry(zk_hosts) as node,
        opened_registry(hosts, SESSION) as watcher,
    ):
        stays, goes, comes = (make_record(port=7001 + i) for i in range(3))
        staying = await node.register(stays)
        going = await node.register(goes)
        membership = await watcher.watch(loads=True)
        await membership.wait_ready(5.0)
        cut_off(between)
        await eventually(lambda: membership.snapshot.stale)
        await going.remove()
        await node.register(comes)
        stays = msgspec.structs.replace(stays, load=3)
        staying.update(stays)
        between.heal()
        await eventually(lambda: membership.snapshot.records == (stays, comes), within=10.0)
        await eventually(lambda: not membership.snapshot.stale)


async def test_nodes_that_lose_the_registry_together_stay_listed(
    zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    async with AsyncExitStack() as stack:
        near = await stack.enter_async_context(opened_registry(zk_hosts))
        far = [await stack.enter_async_context(opened_registry(hosts, SESSION)) for _ in range(2)]
        alive = await stack.enter_async_context(AsyncExitStack())
        ports = await alive.enter_async_context(listening_ports(4))
        records = [make_record(port=port) for port in ports]
        for registry, record in zip((near, near, *far), records, strict=True):
            await registry.register(record)
        everyone = {record.node_id for record in records}
        membership = await near.watch()
        assert (await membership.wait_ready(5.0)).node_ids() == everyone

        def all_but_stale() -> bool:
            return membership.snapshot.stale and membership.snapshot.node_ids() == everyone

        def all_again() -> bool:
            return not membership.snapshot.stale and membership.snapshot.node_ids() == everyone

        cut_off(between)
        await eventually(all_but_stale, within=10.0)
        between.heal()
        await eventually(all_again, within=10.0)

        cut_off(between)
        await eventually(all_but_stale, within=10.0)
        await alive.aclose()
        await eventually(lambda: len(membership.snapshot.records) == 2, within=10.0)
        await eventually(lambda: not membership.snapshot.stale)


async def test_removing_without_a_connection_is_bounded(
    inspect: Inspector, zk_hosts: str, forwarder: MakeForwarder
) -> None:
    between, hosts = through(forwarder, zk_hosts)
    registry = make_registry(hosts, SESSION)
    await registry.connect(10.0)
    registration = await registry.register(make_record())
    cut_off(between)
    async with quicker_than(4.0):
        await registration.remove()
    async with quicker_than(1.0):
        await registry.close()

    async def gone() -> bool:
        return not await inspect.znodes()

    await eventually(gone, within=10.0)

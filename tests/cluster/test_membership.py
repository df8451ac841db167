"""A watch shows who is there, ignores rubbish, and does not believe in mass departures."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator
from functools import partial

import pytest

from cluster.address import ZookeeperAddress
from cluster.errors import ServiceUnavailable
from cluster.membership import ZookeeperMembership
from cluster.record import NodeRecord, encode_record
from cluster.snapshot import Snapshot
from cluster.zookeeper import Zookeeper
from tests.cluster.records import make_record
from tests.cluster.registries import NODES, Inspector, inspector, opened_session
from tests.services import eventually, free_port


@pytest.fixture
async def inspect(zk_hosts: str) -> AsyncIterator[Inspector]:
    async with inspector(zk_hosts) as made:
        yield made


@pytest.fixture
async def session(zk_hosts: str) -> AsyncIterator[Zookeeper]:
    async with opened_session(zk_hosts) as made:
        yield made


class Answers:
    """A probe of which the test decides who answers; an address nobody put in is refused."""

    def __init__(self) -> None:
        # Ports that accept.
        self.ports = set[int]()
        # Ports asked, in order.
        self.asked = list[int]()

    async def __call__(self, _host: str, port: int) -> bool:
        self.asked.append(port)
        return port not in self.ports


def watch(
    session: Zookeeper, answers: Answers | None = None, known: Snapshot | None = None
) -> ZookeeperMembership:
    return ZookeeperMembership(
        session, NODES, loads=True, window=6.0, known=known, probe=answers or Answers()
    )


def earlier(*records: NodeRecord, age: float = 60.0) -> Snapshot:
    """Return the list of an earlier run."""
    return Snapshot(records, 100, confirmed=time.monotonic() - age)


def listed(membership: ZookeeperMembership, node_ids: set[str]) -> bool:
    return membership.snapshot.node_ids() == node_ids


def name_of(record: NodeRecord, number: int) -> str:
    return f"n-{record.node_id}-{number:010}"


async def enter(inspect: Inspector, count: int) -> list[NodeRecord]:
    """Enter nodes on the ports from 7001 on; they are numbered from 1."""
    records = [make_record(port=7000 + n) for n in range(1, count + 1)]
    for number, record in enumerate(records, start=1):
        await inspect.put(name_of(record, number), encode_record(record))
    return records


async def leave(inspect: Inspector, records: list[NodeRecord]) -> None:
    for record in records:
        await inspect.delete(f"{NODES}/{name_of(record, record.port - 7000)}")


async def test_rubbish_is_ignored_counted_and_told_once(
    inspect: Inspector, session: Zookeeper, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    bad = {
        f"n-{uuid.uuid4()}-0000000001": b"",
        f"n-{uuid.uuid4()}-0000000002": b"\xff\x00 not JSON",
        f"n-{uuid.uuid4()}-0000000003": b"[" * 1000,
        f"n-{uuid.uuid4()}-0000000004": b"{}",
        f"n-{uuid.uuid4()}-0000000005": encode_record(make_record()),
        f"n-{uuid.uuid4()}-0000000006": b" " * 2000,
    }
    for name, data in bad.items():
        await inspect.put(name, data)
    await inspect.put("lock", b"")
    await inspect.put("n-1", encode_record(make_record()), ephemeral=False)
    (record,) = await enter(inspect, 1)
    membership = watch(session)
    assert (await membership.wait_ready(5.0)).records == (record,)
    second = make_record(port=7002)
    await inspect.put(name_of(second, 2), encode_record(second))
    await eventually(lambda: membership.snapshot.records == (record, second))
    assert membership.bad_records == len(bad)
    assert caplog.text.count("ignoring a znode") == len(bad)
    await membership.close()


async def test_a_bad_record_that_is_mended_counts(inspect: Inspector, session: Zookeeper) -> None:
    record = make_record()
    await inspect.put(name_of(record, 1), b"rubbish")
    membership = watch(session)
    assert (await membership.wait_ready(5.0)).records == ()
    await inspect.write(name_of(record, 1), encode_record(record))
    await eventually(lambda: membership.snapshot.records == (record,))
    await inspect.write(name_of(record, 1), b"rubbish again")
    await eventually(lambda: membership.bad_records == 2)
    await membership.close()


async def test_a_deleted_parent_does_not_end_the_watch(
    inspect: Inspector, session: Zookeeper
) -> None:
    await enter(inspect, 2)
    membership = watch(session)
    await membership.wait_ready(5.0)
    for _ in range(3):
        await inspect.delete("/im")
        await eventually(lambda: not membership.snapshot.records)
        entered = {record.node_id for record in await enter(inspect, 2)}
        await eventually(partial(listed, membership, entered))
    await membership.close()


async def test_it_times_out_when_nothing_answers() -> None:
    session = Zookeeper(ZookeeperAddress(f"127.0.0.1:{free_port()}"), 1.0)
    session.start()
    membership = watch(session)
    with pytest.raises(ServiceUnavailable, match="no list of nodes"):
        await membership.wait_ready(0.2)
    assert membership.snapshot.stale
    await membership.close()
    await session.close()


async def test_one_that_leaves_is_not_asked(inspect: Inspector, session: Zookeeper) -> None:
    one, two = await enter(inspect, 2)
    answers = Answers()
    answers.ports = {7002}
    membership = watch(session, answers)
    await membership.wait_ready(5.0)
    await leave(inspect, [two])
    await eventually(lambda: membership.snapshot.records == (one,))
    assert not membership.snapshot.stale
    assert answers.asked == []
    await membership.close()


async def test_half_that_leave_and_refuse_are_gone(inspect: Inspector, session: Zookeeper) -> None:
    records = await enter(inspect, 4)
    answers = Answers()
    membership = watch(session, answers)
    await membership.wait_ready(5.0)
    await leave(inspect, records[2:])
    await eventually(lambda: membership.snapshot.records == tuple(records[:2]))
    await eventually(lambda: not membership.snapshot.stale)
    assert set(answers.asked) == {7003, 7004}
    await membership.close()


async def test_half_that_leave_and_answer_are_kept_as_stale(
    inspect: Inspector, session: Zookeeper
) -> None:
    records = await enter(inspect, 4)
    answers = Answers()
    answers.ports = {7003, 7004}
    membership = watch(session, answers)
    confirmed = (await membership.wait_ready(5.0)).confirmed
    await leave(inspect, records[2:])
    await eventually(
        lambda: membership.snapshot.stale and membership.snapshot.records == tuple(records)
    )
    assert membership.snapshot.confirmed is not None
    assert confirmed is not None
    newcomer = make_record(port=7009)
    await inspect.put(name_of(newcomer, 9), encode_record(newcomer))
    await eventually(lambda: newcomer in membership.snapshot.records)
    assert membership.snapshot.stale
    answers.ports = {7003}
    # They are asked again after pauses that grow.
    await eventually(lambda: records[3] not in membership.snapshot.records, within=30.0)
    assert records[2] in membership.snapshot.records
    await inspect.put(name_of(records[2], 10), encode_record(records[2]))
    await eventually(lambda: not membership.snapshot.stale)
    assert membership.snapshot.records == (*records[:2], newcomer, records[2])
    await membership.close()


async def test_no_list_is_emptied_without_asking(inspect: Inspector, session: Zookeeper) -> None:
    (record,) = await enter(inspect, 1)
    answers = Answers()
    answers.ports = {7001}
    membership = watch(session, answers)
    await membership.wait_ready(5.0)
    await leave(inspect, [record])
    await eventually(lambda: membership.snapshot.stale)
    assert membership.snapshot.records == (record,)
    answers.ports = set()
    await eventually(lambda: not membership.snapshot.records)
    assert not membership.snapshot.stale
    await membership.close()


async def test_a_probe_that_fails_does_not_end_the_watch(
    inspect: Inspector, session: Zookeeper, caplog: pytest.LogCaptureFixture
) -> None:
    (record,) = await enter(inspect, 1)
    failures = list[int]()

    async def probe(_host: str, port: int) -> bool:
        await asyncio.sleep(0)
        if not failures:
            failures.append(port)
            raise ValueError("a mistake")
        return True

    membership = ZookeeperMembership(session, NODES, loads=False, window=6.0, probe=probe)
    await membership.wait_ready(5.0)
    await leave(inspect, [record])
    await eventually(lambda: not membership.snapshot.records)
    assert "a mistake" in caplog.text
    await membership.close()


async def test_it_begins_with_the_list_of_an_earlier_watch(zk_hosts: str) -> None:
    records = make_record(port=7001), make_record(port=7002)
    session = Zookeeper(ZookeeperAddress(f"127.0.0.1:{free_port()}"), 1.0)
    session.start()
    membership = watch(session, known=earlier(*records).with_records(records, time.monotonic()))
    assert membership.snapshot.records == records
    assert (membership.snapshot.stale, membership.snapshot.complete) == (True, False)
    with pytest.raises(ServiceUnavailable, match="no list of nodes"):
        await membership.wait_ready(0.2)
    await membership.close()
    await session.close()


async def test_what_the_registry_shows_takes_over(inspect: Inspector, session: Zookeeper) -> None:
    stays, comes = await enter(inspect, 2)
    answers = Answers()
    membership = watch(session, answers, earlier(stays, make_record(port=7003)))
    snapshot = await membership.wait_ready(5.0)
    assert snapshot.records == (stays, comes), "who is gone and refuses is gone"
    assert (snapshot.stale, snapshot.complete) == (False, True)
    assert snapshot.version > 100
    assert answers.asked == [7003]
    await membership.close()


async def test_who_was_there_earlier_and_answers_is_kept(
    inspect: Inspector, session: Zookeeper
) -> None:
    # The registry has been emptied, and its nodes are about to register again.
    one, two = make_record(port=7001), make_record(port=7002)
    answers = Answers()
    answers.ports = {7001, 7002}
    membership = watch(session, answers, earlier(one, two))
    seen = list[Snapshot]()
    membership.subscribe(seen.append)
    await eventually(lambda: membership.snapshot.complete)
    assert (membership.snapshot.records, membership.snapshot.stale) == ((one, two), True)
    for number, record in enumerate((one, two), start=1):
        await inspect.put(name_of(record, number), encode_record(record))
    await eventually(lambda: not membership.snapshot.stale)
    assert all(snapshot.records == (one, two) for snapshot in seen)
    await membership.close()


async def test_a_list_of_yesterday_does_not_say_who_should_be_here(
    inspect: Inspector, session: Zookeeper
) -> None:
    (one,) = await enter(inspect, 1)
    answers = Answers()
    answers.ports = {7002}  # where something else may listen by now
    known = earlier(one, make_record(port=7002), age=86_400.0)
    membership = watch(session, answers, known)
    assert (await membership.wait_ready(5.0)).records == (one,)
    assert answers.asked == []
    await membership.close()

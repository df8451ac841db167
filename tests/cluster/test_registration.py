"""A registration stays true, whatever is done to its znode."""

import re

import msgspec
import pytest

from cluster.record import decode_record, encode_record
from tests.cluster.records import make_record
from tests.cluster.registries import NODES, inspector, opened_registry
from tests.services import eventually


async def test_it_makes_one_ephemeral_znode(zk_hosts: str) -> None:
    record = make_record()
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        await registry.register(record)
        ((name, owner),) = (await inspect.znodes()).items()
        assert re.fullmatch(rf"n-{record.node_id}-\d{{10}}", name)
        assert owner != 0
        assert decode_record(await inspect.read(name), name) == record


async def test_a_deleted_znode_is_made_anew(zk_hosts: str) -> None:
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        await registry.register(make_record())
        (before,) = await inspect.znodes()
        await inspect.delete(f"{NODES}/{before}")
        (after,) = await eventually(inspect.znodes)
        assert after != before
        assert after[:-10] == before[:-10]


@pytest.mark.parametrize("path", [NODES, "/im"])
async def test_a_deleted_parent_is_made_anew(zk_hosts: str, path: str) -> None:
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        await registry.register(make_record(port=7001))
        await registry.register(make_record(port=7002))
        await inspect.delete(path)

        async def both() -> bool:
            return len(await inspect.znodes()) == 2

        await eventually(both)


async def test_what_an_earlier_session_left_is_removed(zk_hosts: str) -> None:
    record = make_record()
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        other = f"n-{make_record().node_id}-0000000008"
        await inspect.put(other, b"")
        await inspect.put(f"n-{record.node_id}-0000000007", encode_record(record))
        await registry.register(record)
        names = set(await inspect.znodes()) - {other}
        assert len(names) == 1
        assert names != {f"n-{record.node_id}-0000000007"}
        assert other in await inspect.znodes(), "others' znodes are not touched"


async def test_updates_are_merged_and_the_last_one_counts(zk_hosts: str) -> None:
    record = make_record()
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        registration = await registry.register(record)
        for load in range(1, 101):
            registration.update(msgspec.structs.replace(record, load=load))
        (name,) = await inspect.znodes()

        async def written() -> bool:
            return decode_record(await inspect.read(name), name).load == 100

        await eventually(written, within=1.0)


async def test_a_new_state_is_a_new_znode_and_the_old_one_goes(zk_hosts: str) -> None:
    record = make_record()
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        registration = await registry.register(record)
        (before,) = await inspect.znodes()
        draining = msgspec.structs.replace(record, state="draining")
        registration.update(draining)

        async def replaced() -> bool:
            return before not in await inspect.znodes()

        await eventually(replaced)
        (after,) = await inspect.znodes()
        assert decode_record(await inspect.read(after), after) == draining
        registration.update(msgspec.structs.replace(draining, load=5))

        async def written() -> bool:
            return decode_record(await inspect.read(after), after).load == 5

        await eventually(written)
        assert set(await inspect.znodes()) == {after}, "nothing but the state needs a new one"


async def test_a_state_that_changes_back_at_once_changes_nothing(zk_hosts: str) -> None:
    record = make_record()
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        registration = await registry.register(record)
        before = await inspect.znodes()
        registration.update(msgspec.structs.replace(record, state="draining"))
        registration.update(msgspec.structs.replace(record, load=3))
        (name,) = before

        async def written() -> bool:
            return decode_record(await inspect.read(name), name).load == 3

        await eventually(written)
        assert await inspect.znodes() == before


async def test_an_update_outlives_the_znode(zk_hosts: str) -> None:
    record = make_record()
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        registration = await registry.register(record)
        registration.update(msgspec.structs.replace(record, state="draining"))
        await inspect.delete(NODES)
        (name,) = await eventually(inspect.znodes)

        async def draining() -> bool:
            return decode_record(await inspect.read(name), name).state == "draining"

        await eventually(draining)


async def test_a_removed_entry_does_not_come_back(zk_hosts: str) -> None:
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        stays = await registry.register(make_record(port=7001))
        goes = await registry.register(make_record(port=7002))
        await goes.remove()
        assert len(await inspect.znodes()) == 1
        await stays.remove()
        assert await inspect.znodes() == {}

"""A thousand nodes are listed, and a thousand can come and change at once."""

import asyncio

import msgspec

from cluster.members import write_member
from tests.cluster.records import make_record
from tests.cluster.registries import inspector, opened_registry
from tests.services import eventually
from tests.services.stalls import quicker_than


async def test_a_thousand_znodes_of_one_process(zk_hosts: str) -> None:
    records = [make_record(port=1001 + i) for i in range(1000)]
    everyone = {record.node_id for record in records}
    async with inspector(zk_hosts) as inspect, opened_registry(zk_hosts) as registry:
        early = await registry.watch(loads=True)
        await early.wait_ready(5.0)
        znodes = {}
        for i, record in enumerate(records):
            prefix, data = write_member(record)
            znodes[f"{prefix}{i:010}"] = data
        await inspect.put_many(znodes)
        await eventually(lambda: early.snapshot.node_ids() == everyone, within=20.0)
        async with quicker_than(10.0):
            late = await registry.watch()
            assert (await late.wait_ready(20.0)).records == tuple(records)
        name = next(iter(znodes))
        await inspect.write(name, write_member(msgspec.structs.replace(records[0], load=9))[1])
        await eventually(lambda: early.snapshot.records[0].load == 9)


async def test_hundreds_register_through_one_session(zk_hosts: str) -> None:
    records = [make_record(port=1001 + i) for i in range(200)]
    async with opened_registry(zk_hosts) as registry:
        membership = await registry.watch()
        await asyncio.gather(*map(registry.register, records))
        everyone = {record.node_id for record in records}
        await eventually(lambda: membership.snapshot.node_ids() == everyone, within=20.0)

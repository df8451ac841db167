"""`server trace`: what it prints, and which nodes it could not ask."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from cluster.address import parse_zookeeper
from cluster.registry_zookeeper import ZookeeperRegistry
from server.node import Node
from tests.server.embedded import client, running
from tests.server.registered import call, registered


async def test_the_way_of_a_message(zk_hosts: str, cluster_name: str) -> None:
    where = ("--zk", zk_hosts, "--cluster", cluster_name)
    async with (
        registered(zk_hosts, cluster_name, count=2) as [first, second],
        client(first, "alice") as alice,
        client(second, "[b]bob", device="phone") as bob,
    ):
        await alice.say("send", id="s-1", to="[b]bob", body="hello")
        await bob.hear()
        answer = await call("trace", "s-1", *where)
        assert answer.exit_code == 0, answer.output
        for words in ("taken from alice for [b]bob", "published to all nodes", "written to phone"):
            assert words in answer.output
        assert "Delivered, but not acknowledged" in answer.output
        found = json.loads((await call("trace", "s-1", *where, "--json")).output)
        assert [(e["node"], e["event"]) for e in found["events"]] == [
            *((first.node_id, kind) for kind in ("taken", "stored", "published")),
            *((second.node_id, kind) for kind in ("received", "delivered")),
        ]
        assert found["silent"] == {}


async def test_a_node_that_only_read_the_inbox_is_found_by_the_place(
    zk_hosts: str, cluster_name: str
) -> None:
    where = ("--zk", zk_hosts, "--cluster", cluster_name)
    async with registered(zk_hosts, cluster_name, count=2) as [first, second]:
        async with client(first, "alice") as alice:
            await alice.say("send", id="s-1", to="bob", body="hello")
            await alice.hear()
        async with client(second, "bob", device="phone", offset=0) as bob:
            await bob.hear()
            answer = await call("trace", "s-1", *where)
        assert "read from the inbox for phone, for which it had waited" in answer.output


async def test_nodes_that_do_not_tell_are_named(zk_hosts: str, cluster_name: str) -> None:
    async with registered(zk_hosts, cluster_name, admin_port=None) as [node]:
        answer = await call("trace", "s-1", "--zk", zk_hosts, "--cluster", cluster_name)
    assert answer.exit_code == 1
    assert f"Not asked: {node.node_id[:8]}: it has no admin port" in answer.output
    assert "nothing is known of s-1 here, or not any more: no node answered" in answer.output


async def test_a_cluster_without_nodes_is_told(zk_hosts: str, cluster_name: str) -> None:
    answer = await call("trace", "s-1", "--zk", zk_hosts, "--cluster", cluster_name)
    assert answer.exit_code == 1
    assert f"no node is registered in the cluster '{cluster_name}'" in answer.output


async def test_the_answer_of_another_node_does_not_count(zk_hosts: str, cluster_name: str) -> None:
    """As on another machine, where the loopback interface leads to the node there."""
    async with running() as [other], entered(zk_hosts, cluster_name, other):
        answer = await call("trace", "s-1", "--zk", zk_hosts, "--cluster", cluster_name)
    assert answer.exit_code == 1
    assert "another node answers" in answer.output


@asynccontextmanager
async def entered(zk: str, cluster: str, other: Node) -> AsyncIterator[None]:
    """Enter a node that is elsewhere and has the same admin port as another one here."""
    assert other.record is not None
    registry = ZookeeperRegistry(parse_zookeeper(zk), cluster)
    try:
        await registry.connect(10.0)
        await registry.register(msgspec.structs.replace(other.record, node_id=str(uuid.uuid4())))
        yield
    finally:
        await registry.close()


async def test_what_nobody_knows(zk_hosts: str, cluster_name: str) -> None:
    where = ("--zk", zk_hosts, "--cluster", cluster_name)
    async with registered(zk_hosts, cluster_name) as [node]:
        answer = await call("trace", "s-1", *where)
        assert answer.exit_code == 1
        assert f"{node.node_id[:8]} remembers everything since" in answer.output


@pytest.mark.parametrize("id", ["nonsense", "-", "a b-1"])
async def test_an_id_that_is_none_is_refused(id: str) -> None:
    answer = await call("trace", "--", id)
    assert answer.exit_code == 2
    assert "<session>-<number>" in answer.output

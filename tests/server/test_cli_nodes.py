"""`server nodes`: the living in a table, or as JSON."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from kazoo.client import KazooClient
from kazoo.security import make_digest_acl
from rich.console import Console

from cluster.address import parse_zookeeper
from cluster.record import NodeRecord
from cluster.registry_zookeeper import ZookeeperRegistry
from cluster.snapshot import Snapshot
from server import cli_nodes
from server.cli import main

RECORD = NodeRecord(
    node_id="11111111-2222-4333-8444-555555555555",
    host="192.0.2.7",
    port=7177,
    url="ws://192.0.2.7:7177/ws",
    zone="west",
    weight=3,
    load=42,
)


def drawn(*records: NodeRecord) -> str:
    """Return the table for some records."""
    console = Console(width=160, record=True, quiet=True)
    with console.capture() as capture:
        console.quiet = False
        console.print(cli_nodes._table(Snapshot(records)))
    return capture.get()


def test_the_table_shows_what_matters() -> None:
    text = drawn(msgspec.structs.replace(RECORD, started=time.time() - 3700))
    for word in ("1 node", "11111111", "ws://192.0.2.7:7177/ws", "up", "west", "42", "1h01m"):
        assert word in text


def test_nobody_is_a_table_too() -> None:
    assert "0 nodes" in drawn()


async def test_nobody_is_told_with_the_place_that_was_looked_at(zk_hosts: str) -> None:
    words = "no node is registered in the cluster 'nobody' at"
    answer = await call("nodes", "--zk", f"{zk_hosts}/none", "--cluster", "nobody")
    assert answer.exit_code == 0
    assert words in " ".join(answer.output.split())
    as_json = await call("nodes", "--zk", f"{zk_hosts}/none", "--json")
    assert as_json.output == "[]\n"


@pytest.mark.parametrize(("seconds", "text"), [(-5, "0m00s"), (61, "1m01s"), (7260, "2h01m")])
def test_durations(seconds: float, text: str) -> None:
    assert cli_nodes._duration(seconds) == text


async def registered(zk: str, cluster: str) -> ZookeeperRegistry:
    """Register a record; it goes when the registry is closed."""
    registry = ZookeeperRegistry(parse_zookeeper(zk), cluster)
    await registry.connect(10.0)
    await registry.register(RECORD)
    return registry


async def call(*arguments: str) -> Result:
    """Run `server` in a thread: it makes a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, main, arguments)


async def test_it_shows_who_is_registered(zk_hosts: str, cluster_name: str) -> None:
    registry = await registered(zk_hosts, cluster_name)
    answer = await call("nodes", "--zk", zk_hosts, "--cluster", cluster_name, "--json")
    assert answer.exit_code == 0, answer.output
    [record] = json.loads(answer.output)
    assert (record["node_id"], record["load"]) == (RECORD.node_id, 42)
    table = await call("nodes", "--zk", zk_hosts, "--cluster", cluster_name)
    assert "1 node" in table.output
    await registry.close()
    empty = await call("nodes", "--zk", zk_hosts, "--cluster", cluster_name, "--json")
    assert json.loads(empty.output) == []


def test_without_zookeeper_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_nodes, "TIMEOUT", 0.2)
    answer = CliRunner().invoke(main, ["nodes", "--zk", "127.0.0.1:1"])
    assert answer.exit_code == 1
    assert "127.0.0.1:1" in answer.output
    assert "scripts/services up zookeeper" in answer.output


def test_without_zookeeper_it_says_one_line_on_standard_error() -> None:
    """What kazoo logs meanwhile would hide it."""
    program = "from server import cli, cli_nodes; cli_nodes.TIMEOUT = 1.0; cli.main()"
    command = [sys.executable, "-c", program, "nodes", "--zk", "127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("Error: cannot reach ZooKeeper at 127.0.0.1:1: Connection refused; ")


@pytest.fixture
def closed_zk(zk_hosts: str) -> Iterator[str]:
    """Give an ensemble in which nobody else may read the nodes of the cluster `im`."""
    client = KazooClient(zk_hosts)
    client.start(timeout=20)
    client.ensure_path("/im/nodes")
    client.set_acls("/im/nodes", [make_digest_acl("a", "b", all=True)])
    yield zk_hosts
    client.stop()
    client.close()


def test_znodes_that_may_not_be_read_are_told_in_one_line(closed_zk: str) -> None:
    program = "from server import cli, cli_nodes; cli_nodes.TIMEOUT = 2.0; cli.main()"
    command = [sys.executable, "-c", program, "nodes", "--zk", closed_zk]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "NoAuthError; see the rights" in line


SERVER = Path(sys.executable).with_name("server")


async def test_watching_shows_each_change_until_it_is_ended(
    zk_hosts: str, cluster_name: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(SERVER, "nodes", "--zk", zk_hosts, "--cluster", cluster_name, "--watch", "--json"),
        stdout=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
    )
    out = process.stdout
    assert out is not None
    async with asyncio.timeout(30):
        assert json.loads(await out.readline()) == []
        registry = await registered(zk_hosts, cluster_name)
        [record] = json.loads(await out.readline())
        assert record["node_id"] == RECORD.node_id
        await registry.close()
        assert json.loads(await out.readline()) == []
        process.send_signal(signal.SIGINT)
        await out.read()
        assert await process.wait() == 0


def test_a_list_that_zookeeper_does_not_confirm_says_so() -> None:
    assert "ZooKeeper does not confirm it" in drawn(RECORD)

"""Tests of the prober."""

import asyncio

import pytest

from balancer.failures import FailureMemory
from balancer.prober import Prober
from cluster.snapshot import Snapshot
from tests.balancer.nodes import node, nodes, snapshot
from tests.services import eventually, free_port


class Nodes:
    """Nodes that listen or do not, as the test says."""

    def __init__(self) -> None:
        # The hosts where nothing listens.
        self.gone: set[str] = set()
        # How many probes there were.
        self.probes = 0
        # How many there are at this moment, and were at most.
        self.now = self.most = 0

    async def probe(self, host: str, port: int) -> bool:
        """Tell whether nothing listens."""
        self.probes += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        return host in self.gone


@pytest.fixture
def failures() -> FailureMemory:
    return FailureMemory(lambda: 0.0)


def make(failures: FailureMemory, asked: Nodes, known: Snapshot, every: float = 2.0) -> Prober:
    """Return a prober of the nodes of a snapshot."""
    return Prober(lambda: known, failures, every=every, probe=asked.probe)


async def test_a_node_that_refuses_is_ejected_until_it_answers(failures: FailureMemory) -> None:
    asked = Nodes()
    prober = make(failures, asked, snapshot(*nodes(1, 1, 1)))
    asked.gone = {"b.example"}
    await prober.round()
    assert failures.ejected("abc") == ("b",)
    asked.gone = set()
    await prober.round()
    assert failures.ejected("abc") == ()


async def test_each_round_is_told_when_all_of_it_is_noted(failures: FailureMemory) -> None:
    asked, found = Nodes(), []
    asked.gone = {"b.example"}
    prober = Prober(
        lambda: snapshot(*nodes(1, 1)),
        failures,
        every=2.0,
        probe=asked.probe,
        noted=lambda: found.append(failures.ejected("ab")),
    )
    await prober.round()
    assert found == [("b",)]


async def test_if_all_refuse_none_is_ejected(failures: FailureMemory) -> None:
    asked = Nodes()
    asked.gone = {f"{name}.example" for name in "abc"}
    await make(failures, asked, snapshot(*nodes(1, 1, 1))).round()
    assert failures.ejected("abc") == ()


async def test_many_nodes_are_probed_neither_at_once_nor_too_often(
    failures: FailureMemory,
) -> None:
    asked = Nodes()
    known = snapshot(*(node(f"n{i}") for i in range(1000)))
    assert await make(failures, asked, known).round() == 10.0
    assert asked.probes == 1000
    assert asked.most == 64


async def test_goes_on_until_stopped(failures: FailureMemory) -> None:
    asked = Nodes()
    prober = make(failures, asked, snapshot(node("a")), every=0.01)
    prober.start()
    await eventually(lambda: asked.probes >= 3)
    await prober.stop()
    await prober.stop()


async def test_no_nodes_no_probes(failures: FailureMemory) -> None:
    assert await make(failures, Nodes(), Snapshot()).round() == 2.0


async def test_a_port_where_nobody_listens_is_found_for_real(failures: FailureMemory) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    open_port = server.sockets[0].getsockname()[1]
    known = snapshot(node("up", port=open_port), node("down", port=free_port()))
    await Prober(lambda: known, failures, every=2.0).round()
    assert failures.ejected(("up", "down")) == ("down",)
    server.close()
    await server.wait_closed()

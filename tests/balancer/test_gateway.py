"""The gateway finds a node for each client, and passes on what it must not decide itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from balancer.client_address import parse_network
from balancer.gateway import Gateway
from balancer.gateway_head import END, parse_response
from balancer.gateway_settings import GatewaySettings
from balancer.picker import Picker
from tests.balancer.gateway_nodes import FakeNode
from tests.balancer.nodes import seeded, snapshot
from tests.services import eventually

ASK = "GET {path} HTTP/1.1\r\nHost: chat\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{more}\r\n"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\nConnection: close\r\n\r\n"


class World:
    """A gateway, its nodes, and clients."""

    def __init__(self, gateway: Gateway, nodes: list[FakeNode]) -> None:
        self.gateway = gateway
        self.nodes = nodes
        self.port = 0
        self.clients: list[asyncio.StreamWriter] = []

    async def ask(self, path: str = "/ws", more: str = "") -> Client:
        """Connect, ask, and return the client with its answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.clients.append(writer)
        writer.write(ASK.format(path=path, more=more).encode())
        head = await asyncio.wait_for(reader.readuntil(END), 20)
        return Client(reader, writer, head)

    def counted(self, name: str, **labels: str) -> float:
        found = self.gateway.metrics.registry.get_sample_value(f"im_gateway_{name}_total", labels)
        return found or 0.0


class Client:
    """One client and the answer that it got."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.status, self.headers = parse_response(head)

    async def echo(self, text: bytes) -> bytes:
        """Say something, and return what comes back."""
        self.writer.write(text)
        return await asyncio.wait_for(self.reader.read(1000), 20)

    async def rest(self) -> bytes:
        """Return what comes until the end."""
        try:
            return await asyncio.wait_for(self.reader.read(-1), 20)
        except ConnectionResetError:
            return b""
        finally:
            self.writer.close()


@asynccontextmanager
async def world(*answers: bytes | None, **settings: object) -> AsyncIterator[World]:
    """Run a gateway before nodes that answer so; None stands for one that is dead."""
    nodes = [
        FakeNode(name) if answer is None else FakeNode(name, answer)
        for name, answer in zip("abcdef", answers, strict=False)
    ]
    known = snapshot(*(node.record for node in nodes))
    chosen = GatewaySettings(host="127.0.0.1", port=0, **settings)  # type: ignore[arg-type]
    # Its clock stands: a node that failed stays left out, however slow the machine is.
    picker = Picker(chosen.policy, clock=lambda: 0.0, random=seeded())
    gateway = Gateway(chosen, lambda: known, picker)
    made = World(gateway, nodes)
    async with AsyncExitStack() as stack:
        for node, answer in zip(nodes, answers, strict=True):
            if answer is not None:
                await stack.enter_async_context(node.running())
        made.port = await gateway.start()
        yield made
        for client in made.clients:
            client.transport.abort()
        await gateway.stop(0.0)
        assert gateway.connections == 0


SWITCHING = FakeNode("x").answer


async def test_a_client_talks_to_a_node_and_the_node_knows_of_it() -> None:
    async with world(SWITCHING) as w:
        client = await w.ask(more="Cookie: a=b\r\n")
        assert client.status == 101
        assert await client.echo(b"hello") == b"a:hello"
        [head] = w.nodes[0].heads
        assert head.endswith(
            b"Host: chat\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nCookie: a=b\r\n"
            b"X-Forwarded-For: 127.0.0.1\r\nVia: 1.1 im-gateway\r\n\r\n"
        )
        assert w.counted("picks", policy="round_robin") == 1


async def test_clients_are_dealt_out() -> None:
    async with world(SWITCHING, SWITCHING, SWITCHING) as w:
        clients = [await w.ask() for _ in range(9)]
        said = Counter([(await client.echo(b"x"))[:1] for client in clients])
        assert said == {b"a": 3, b"b": 3, b"c": 3}


async def test_a_dead_node_is_passed_over_and_remembered() -> None:
    async with world(None, SWITCHING) as w:
        clients = [await w.ask() for _ in range(6)]
        assert [client.status for client in clients] == [101] * 6
        assert w.counted("retries", reason="refused") == 1


async def test_a_node_that_does_not_take_it_is_passed_over() -> None:
    async with world(FULL % 9, SWITCHING, b"HTTP/1.1 500 Oops\r\n\r\n") as w:
        for _ in range(3):
            client = await w.ask()
            assert await client.echo(b"x") == b"b:x"
        assert w.counted("retries", reason="503") == 1
        assert w.counted("retries", reason="500") <= 1


async def test_if_no_node_takes_it_the_shortest_wait_is_told() -> None:
    async with world(FULL % 9, FULL % 4, None) as w:
        client = await w.ask()
        assert (client.status, client.headers["retry-after"]) == (503, "4")
        assert await client.rest() == b"no node takes clients now\n"
        assert w.counted("refused", reason="no_node") == 1
        assert sum(len(node.heads) for node in w.nodes) == 2, "each was asked once"


async def test_without_nodes_a_client_may_come_back_soon() -> None:
    async with world() as w:
        client = await w.ask()
        assert (client.status, client.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden"])
async def test_what_a_node_refuses_for_itself_is_passed_on(status: str) -> None:
    answer = f"HTTP/1.1 {status}\r\nX-Why: because\r\nContent-Length: 2\r\n\r\nno".encode()
    async with world(answer, answer) as w:
        client = await w.ask()
        assert (client.status, client.headers["x-why"]) == (int(status[:3]), "because")
        assert await client.rest() == b"no"
        assert sum(len(node.heads) for node in w.nodes) == 1
        assert w.counted("passed", status=status[:3]) == 1


@pytest.mark.parametrize(
    ("path", "more", "status", "reason"),
    [
        ("/other", "", 404, "not_found"),
        ("/ws/", "", 404, "not_found"),
        ("/ws", "Content-Length: 7\r\n", 400, "bad_request"),
        ("http://chat/ws", "", 404, "not_found"),
    ],
)
async def test_what_is_not_for_nodes_is_answered_here(
    path: str, more: str, status: int, reason: str
) -> None:
    async with world(SWITCHING) as w:
        client = await w.ask(path, more)
        assert client.status == status
        await client.rest()
        assert w.nodes[0].heads == []
        assert w.counted("refused", reason=reason) == 1


async def test_a_query_goes_on_to_the_node() -> None:
    async with world(SWITCHING) as w:
        assert (await w.ask("/ws?token=1")).status == 101
        assert w.nodes[0].heads[0].startswith(b"GET /ws?token=1 HTTP/1.1\r\n")


async def test_a_full_gateway_says_so() -> None:
    async with world(SWITCHING, max_connections=2) as w:
        first, _, third = [await w.ask() for _ in range(3)]
        assert (third.status, third.headers["retry-after"]) == (503, "1")
        # That it has not closed yet takes nobody's place.
        first.writer.close()
        await eventually(lambda: w.gateway.connections == 1)
        assert (await w.ask()).status == 101
        assert await third.rest() == b"this gateway is full\n"
        assert w.counted("refused", reason="full") == 1


async def test_a_client_sticks_to_a_node_by_the_address_that_a_trusted_proxy_names() -> None:
    trusted = (parse_network("127.0.0.0/8"),)
    async with world(*[SWITCHING] * 4, policy="consistent_hash", trusted_proxies=trusted) as w:
        said: dict[str, set[bytes]] = {}
        for number in range(40):
            address = f"10.0.{number % 20}.1"
            client = await w.ask(more=f"X-Forwarded-For: {address}\r\n")
            said.setdefault(address, set()).add((await client.echo(b"x"))[:1])
        assert all(len(nodes) == 1 for nodes in said.values())
        assert len(set.union(*said.values())) > 1


async def test_a_node_that_dies_takes_its_clients_connections_with_it() -> None:
    async with world(SWITCHING) as w:
        client = await w.ask()
        await client.echo(b"x")
        w.nodes[0].cut()
        assert await client.rest() == b""
        await eventually(lambda: w.gateway.connections == 0)


async def test_a_client_that_leaves_is_left_by_its_node() -> None:
    async with world(SWITCHING) as w:
        client = await w.ask()
        client.writer.close()
        await eventually(lambda: not w.nodes[0].open)
        await eventually(lambda: w.gateway.connections == 0)


async def test_one_that_stops_lets_clients_go_on_for_a_while() -> None:
    async with world(SWITCHING) as w:
        staying, leaving = await w.ask(), await w.ask()
        stopping = asyncio.create_task(w.gateway.stop(60.0))
        await eventually(lambda: not w.gateway.listening)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", w.port)
        assert await staying.echo(b"x") == b"a:x"
        for client in (staying, leaving):
            client.writer.close()
        await asyncio.wait_for(stopping, 20)


async def test_clients_are_not_all_sent_away_at_one_time() -> None:
    async with world(SWITCHING) as w:
        for _ in range(20):
            await w.ask()
        stopping = asyncio.create_task(w.gateway.stop(20.0))
        await eventually(lambda: w.gateway.connections < 20)
        assert w.gateway.connections > 0
        assert not stopping.done()
        stopping.cancel()


async def test_who_is_left_when_the_time_is_over_is_closed() -> None:
    async with world(SWITCHING) as w:
        client = await w.ask()
        stopping = asyncio.create_task(w.gateway.stop(0.1))
        assert await client.rest() == b""
        await asyncio.wait_for(stopping, 20)
        assert w.gateway.connections == 0

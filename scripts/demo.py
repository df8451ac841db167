"""The demo: two nodes, a balancer with its page, a conversation; all in one process, in memory."""

import argparse
import asyncio
import contextlib
import logging
import secrets
import signal
import time
import uuid

from balancer.service import BalancerService
from balancer.settings import BalancerSettings
from client_sdk import Client, Message, connect
from cluster.address import join_host_port
from cluster.registry_memory import MemoryRegistry
from server.backends import MemoryWorld, memory_backends
from server.node import Node
from server.settings import DEFAULT_PORT, NodeSettings

HOST = "127.0.0.1"
BALANCER_PORT = 7000
TIMEOUT = 10.0

# Seconds after which a node that was drained comes back, so that there is always somewhere to go.
BACK_AFTER = 5.0


class Demo:
    """The cluster of the demo and the two who talk in it."""

    def __init__(self, first_port: int = DEFAULT_PORT, balancer_port: int = BALANCER_PORT) -> None:
        self._ports = (first_port, first_port + 1)
        self._balancer_port = balancer_port
        self._world = MemoryWorld()
        self._started = time.monotonic()
        # Who may drain nodes: whoever follows the link that is printed.
        self._token = secrets.token_urlsafe(16)

    def say(self, line: str) -> None:
        """Print a line with the seconds since the start."""
        print(f"{time.monotonic() - self._started:6.2f}  {line}", flush=True)

    async def run(self, *, once: bool) -> None:
        """Start everything, show the conversation, and stay until a signal unless `once`."""
        async with contextlib.AsyncExitStack() as stack:
            for port in self._ports:
                await self._keep_node(stack, port)
            balancer = await self._start_balancer(stack)
            self.say(f"balancer   {balancer}/v1/node hands out a node, round robin")
            alice = await stack.enter_async_context(connect(balancer, user="alice"))
            bob = await stack.enter_async_context(connect(balancer, user="bob"))
            self.say(f"alice      is connected to {alice.url}")
            self.say(f"bob        is connected to {bob.url}")
            async with asyncio.timeout(TIMEOUT):
                await self._talk(alice, bob)
            if not once:
                await self._stay(balancer, alice, bob)
        self.say("everything has been stopped")

    async def _talk(self, alice: Client, bob: Client) -> None:
        if alice.node == bob.node:
            raise RuntimeError("the balancer put both on one node: nothing to show")
        for sender, recipient, name, text in (
            (alice, bob, "bob", "hello bob"),
            (bob, alice, "alice", "hello alice, how is it over there?"),
            (alice, bob, "bob", "lively: this came from another node"),
        ):
            me = "alice" if sender is alice else "bob"
            sent = await sender.send(name, text)
            self.say(f"{me:10} → {name}: stored in {name}'s inbox at offset {sent.offset}")
            message = await anext(recipient)
            self.say(
                f"{name:10} got from {message.sender}, on {recipient.url} from {sender.url}: "
                f"“{message.body}”"
            )

    async def _stay(self, balancer: str, alice: Client, bob: Client) -> None:
        self.say("")
        self.say("See it in a browser, and write to alice and bob, who answer:")
        self.say(f"  {balancer}/#token={self._token}")
        self.say("Or join from other terminals:")
        self.say(f"  .venv/bin/server chat --balancer {balancer} --as carol")
        self.say(f"  .venv/bin/server chat --balancer {balancer} --as dave")
        self.say("Ctrl-C ends the demo.")
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        bots = [
            asyncio.create_task(self._answer(client, name))
            for client, name in ((alice, "alice"), (bob, "bob"))
        ]
        await stop.wait()
        await _end(*bots)

    async def _answer(self, client: Client, name: str) -> None:
        async for message in client:
            self.say(f"{name:10} got from {message.sender}: “{_text(message)}”")
            if message.sender not in ("alice", "bob"):
                await client.send(message.sender, _reply(client, message))

    async def _keep_node(self, stack: contextlib.AsyncExitStack, port: int) -> None:
        """Start a node; whenever it has been drained, end it and start another one."""
        node = await self._start_node(port)
        keeping = asyncio.create_task(self._keep(node, port))
        stack.push_async_callback(_end, keeping)

    async def _keep(self, node: Node | None, port: int) -> None:
        try:
            while node is not None:
                await node.drain.ended.wait()
                drained, node = node, None
                await drained.stop()
                self.say(f"node       {drained.node_id} has been drained and has ended")
                await asyncio.sleep(BACK_AFTER)
                node = await self._start_node(port)
        finally:
            if node is not None:
                await node.stop()

    async def _start_node(self, port: int) -> Node:
        node_id = str(uuid.uuid4())
        settings = NodeSettings(host=HOST, port=port, admin_port=0)
        node = Node(settings, memory_backends(settings, node_id, self._world), node_id)
        try:
            record = await node.start()
        except BaseException:
            await node.stop()
            raise
        self.say(f"node       {record.node_id} listens on {record.url}")
        return node

    async def _start_balancer(self, stack: contextlib.AsyncExitStack) -> str:
        settings = BalancerSettings(host=HOST, port=self._balancer_port, admin_token=self._token)
        service = BalancerService(settings, MemoryRegistry(self._world.nodes))
        stack.push_async_callback(service.stop)
        return f"http://{join_host_port(HOST, await service.start())}"


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks, and return when they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _reply(client: Client, message: Message) -> object:
    """Return an answer as the page writes it: `via` is for the way that it shows."""
    text = f"got “{_text(message)}” on {client.url}, at offset {message.offset} of my inbox"
    return {"text": text, "via": client.url}


def _text(message: Message) -> object:
    """Return what a message says: `server chat` and the page, for two, wrap it in an object."""
    body = message.body
    return body["text"] if isinstance(body, dict) and "text" in body else body


def main() -> int:
    """Run the demo; 0 if it has shown what it is to show."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="show the conversation and end")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="of the first node; the second has the next"
    )
    parser.add_argument(
        "--balancer-port", type=int, default=BALANCER_PORT, help="of the balancer and its page"
    )
    words = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    try:
        asyncio.run(Demo(words.port, words.balancer_port).run(once=words.once))
    except OSError as exc:
        ports = f"{words.port}, {words.port + 1} and {words.balancer_port}"
        print(f"scripts/demo: it needs the ports {ports} of {HOST}: {exc}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

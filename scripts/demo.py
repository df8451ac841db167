"""The demo: two nodes, a balancer and a conversation, all in one process and in memory."""

import argparse
import asyncio
import contextlib
import logging
import signal
import time

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


class Demo:
    """The cluster of the demo and the two who talk in it."""

    def __init__(self) -> None:
        self._world = MemoryWorld()
        self._started = time.monotonic()

    def say(self, line: str) -> None:
        """Print a line with the seconds since the start."""
        print(f"{time.monotonic() - self._started:6.2f}  {line}", flush=True)

    async def run(self, *, once: bool) -> None:
        """Start everything, show the conversation, and stay until a signal unless `once`."""
        async with contextlib.AsyncExitStack() as stack:
            for number in range(2):
                await self._start_node(stack, DEFAULT_PORT + number)
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
        self.say("Join from other terminals; alice and bob answer:")
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
        for bot in bots:
            bot.cancel()
        await asyncio.gather(*bots, return_exceptions=True)

    async def _answer(self, client: Client, name: str) -> None:
        async for message in client:
            self.say(f"{name:10} got from {message.sender}: “{_text(message)}”")
            if message.sender not in ("alice", "bob"):
                await client.send(message.sender, self._reply(client, message))

    def _reply(self, client: Client, message: Message) -> str:
        return f"got “{_text(message)}” on {client.url}, at offset {message.offset} of my inbox"

    async def _start_node(self, stack: contextlib.AsyncExitStack, port: int) -> None:
        node_id = f"00000000-0000-4000-8000-{port:012d}"
        settings = NodeSettings(host=HOST, port=port)
        node = Node(settings, memory_backends(settings, node_id, self._world), node_id)
        stack.push_async_callback(node.stop)
        record = await node.start()
        self.say(f"node       {record.node_id} listens on {record.url}")

    async def _start_balancer(self, stack: contextlib.AsyncExitStack) -> str:
        settings = BalancerSettings(host=HOST, port=BALANCER_PORT)
        service = BalancerService(settings, MemoryRegistry(self._world.nodes))
        stack.push_async_callback(service.stop)
        return f"http://{join_host_port(HOST, await service.start())}"


def _text(message: Message) -> object:
    """Return what a message says: `server chat` and `server send` wrap it in an object."""
    body = message.body
    return body["text"] if isinstance(body, dict) and "text" in body else body


def main() -> int:
    """Run the demo; 0 if it has shown what it is to show."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="show the conversation and end")
    once = parser.parse_args().once
    logging.basicConfig(level=logging.WARNING)
    try:
        asyncio.run(Demo().run(once=once))
    except OSError as exc:
        ports = f"{DEFAULT_PORT}, {DEFAULT_PORT + 1} and {BALANCER_PORT}"
        print(f"scripts/demo: it needs the ports {ports} of {HOST}: {exc}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""A client of the browser SDK, in a Node.js process of its own."""

import asyncio
import json
from itertools import count
from pathlib import Path
from typing import Any, Self

from tests.client_sdk_js.node_js import node_js
from tests.services import eventually

_DRIVER = Path(__file__).with_name("driver.mjs")
_WITHIN = 30.0


class JsClient:
    """Starts the process and talks to it. Use as an async context: it never outlives the test."""

    def __init__(self, address: str, memory: Path, **options: object) -> None:
        """Describe a client.

        Args:
            address: what `connect` gets.
            memory: the file that plays localStorage.
            options: further options of `connect`, by their names in JavaScript.
        """
        self._command = (str(_DRIVER), address, json.dumps(options), str(memory))
        # The bodies of the messages that its handler got, and what its events said, in order.
        self.got: list[Any] = []
        self.events: list[str] = []
        # Whoever waits for the result of a call, by its number.
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._numbers = count(1)
        # Both are set by `__aenter__`.
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *node_js(), *self._command, stdin=-1, stdout=-1, limit=1 << 20
        )
        self._reading = asyncio.create_task(self._read(self._process))
        await eventually(lambda: "connected" in self.events, within=_WITHIN)
        return self

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            match json.loads(line):
                case {"message": {"body": body}}:
                    self.got.append(body)
                case {"event": {"what": what}}:
                    self.events.append(what)
                case {"call": number, "gives": gives}:
                    self._calls.pop(number).set_result(gives)
                case {"call": number, "error": name}:
                    self._calls.pop(number).set_exception(AssertionError(name))

    async def call(self, what: str, *words: object) -> Any:
        """Call a method of the client; return what it gives, or raise AssertionError(its error)."""
        assert self._process is not None
        assert self._process.stdin is not None
        number = next(self._numbers)
        self._calls[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"call": number, "do": what, "with": words})
        self._process.stdin.write(f"{line}\n".encode())
        async with asyncio.timeout(_WITHIN):
            return await self._calls[number]

    async def send(self, to: str, bodies: range) -> None:
        """Send messages, each without waiting for the one before; return when all are stored."""
        await asyncio.gather(*(self.call("send", to, body) for body in bodies))

    async def url(self) -> str:
        """Return the url of the node that holds its channel; empty while there is none."""
        return str((await self.call("look"))["url"])

    async def kill(self) -> None:
        """End the process at once, as a browser that crashes."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
        if self._reading is not None:
            await self._reading

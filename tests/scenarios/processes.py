"""Real processes for the scenarios: nodes and balancers, started, stopped, frozen and killed."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, Self

from scripts.stack.ports import free_port
from tests.services import eventually

_BIN = Path(sys.executable).parent
_READY_WITHIN = 20.0


class Program:
    """One process, its log in a file. Use as an async context: it never outlives the test."""

    def __init__(self, folder: Path, name: str, *command: str) -> None:
        """Describe a process.

        Args:
            folder: where its log goes.
            name: the log's name.
            command: a console script of this project and its arguments.
        """
        self.log = folder / f"{name}.log"
        self._command = command
        # The process; None before it is started.
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; it may take a while to be ready."""
        program, *arguments = self._command
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(_BIN / program), *arguments, stdout=log, stderr=log, stdin=-3
            )

    @property
    def pid(self) -> int:
        """The process id; only after `start`."""
        assert self._process is not None
        return self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def kill(self) -> None:
        """Let it die at once, as in a power cut, and wait until it has."""
        self.send_signal(signal.SIGKILL)
        await self.wait()

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> int:
        """End it as an operator does; return its exit code."""
        self.send_signal(signal.SIGTERM)
        return await self.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            self.send_signal(signal.SIGCONT)
            await self.kill()


class NodeProcess(Program):
    """`server start`, on ports of its own."""

    def __init__(self, folder: Path, *options: str, name: str = "node") -> None:
        self.port, self.admin_port = free_port(), free_port()
        self.url = f"ws://127.0.0.1:{self.port}/ws"
        super().__init__(
            folder,
            f"{name}-{self.port}",
            *("server", "start", "--host", "127.0.0.1", "--log-format", "json"),
            *("--port", str(self.port), "--admin-port", str(self.admin_port)),
            *options,
        )

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        try:
            await eventually(lambda: is_ready(self.admin_port), within=_READY_WITHIN)
        except AssertionError as exc:
            await self.kill()
            raise AssertionError(f"the node is not ready:\n{self.log.read_text()}") from exc
        return self

    def logged(self) -> list[dict[str, object]]:
        """Return what the node has logged so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


class BalancerProcess(Program):
    """`balancer start` on a port of its own, which it keeps from start to start."""

    def __init__(self, folder: Path, hosts: str, cluster: str, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        place = ("--host", "127.0.0.1", "--port", str(self.port), "--probe", "0")
        super().__init__(
            *(folder, f"balancer-{self.port}", "balancer", "start"),
            *("--zk", hosts, "--cluster", cluster, *place, *options),
        )

    async def ask(self, path: str) -> dict[str, Any]:
        """Return what it answers; it has to be 200."""
        status, body = await http_get(self.port, path)
        assert status == 200, body
        answer: dict[str, Any] = json.loads(body)
        return answer


async def http_get(port: int, path: str) -> tuple[int, bytes]:
    """Ask a program of this machine something over HTTP; return status and body.

    Raises:
        OSError: nobody listens there.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    return int(head.split()[1]), body


async def is_ready(port: int) -> bool:
    """Tell whether /readyz answers 200."""
    try:
        status, _ = await http_get(port, "/readyz")
    except (OSError, IndexError):
        return False
    return status == 200

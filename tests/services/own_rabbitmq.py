"""A RabbitMQ that belongs to the tests of one module, so that they may stop and block it.

Starting takes some seconds, so the tests of a module share it; each gets it running and unblocked.
Every method blocks until what it says is true. A test whose loop has to go on meanwhile calls it
through `asyncio.to_thread`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from scripts.stack.instance import HOST, Instance
from scripts.stack.ports import free_port
from scripts.stack.service_rabbitmq import RABBITMQ, rabbitmq_environ, rabbitmq_program

_WATERMARK = "0.4"
"""RabbitMQ's default share of the memory from which on it blocks publishers."""


class OwnRabbitMQ(Instance):
    """A broker with a node name, data and port of its own; it comes back on the same port."""

    def __init__(self, folder: Path) -> None:
        super().__init__(RABBITMQ, folder, free_port())
        self._blocked = False

    @property
    def url(self) -> str:
        """Its address as clients take it."""
        return f"amqp://guest:guest@{HOST}:{self.port}/%2F"

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """End it; a block doesn't outlast it. Idempotent."""
        super().stop()
        self._blocked = False

    def kill(self) -> None:
        """End it as a power cut would; a block doesn't outlast it. Idempotent."""
        super().kill()
        self._blocked = False

    def block(self) -> None:
        """Raise the memory alarm: publishers are blocked, consumers aren't."""
        self.control("set_vm_memory_high_watermark", "0")
        self._blocked = True

    def unblock(self) -> None:
        """Take the memory alarm back. Idempotent."""
        if self._blocked:
            self.control("set_vm_memory_high_watermark", _WATERMARK)
        self._blocked = False

    def heal(self) -> None:
        """Undo whatever a test has done to it."""
        self.unpause()
        if not self.processes():
            self.start()
        self.unblock()

    def control(self, *words: str) -> str:
        """Run rabbitmqctl on it and return what it printed."""
        program = rabbitmq_program("rabbitmqctl") or "rabbitmqctl"
        done = subprocess.run(
            [program, "--quiet", *words],
            env={**os.environ, **rabbitmq_environ(self.folder, self.port)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"rabbitmqctl {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

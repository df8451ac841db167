"""A RabbitMQ that may be blocked: an instance, and what `rabbitmqctl` can do to it.

Every method blocks until what it says is true.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from scripts.stack.errors import StackError
from scripts.stack.instance import HOST, Instance
from scripts.stack.service_rabbitmq import RABBITMQ, rabbitmq_environ, rabbitmq_program

_WATERMARK = "0.4"
"""RabbitMQ's default share of the memory from which on it blocks publishers."""


class Broker(Instance):
    """A broker with a node name, data and port of its own; it comes back on the same port."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(RABBITMQ, folder, port)
        # Whether the memory alarm is on; set by `block`.
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
        """Undo whatever was done to it."""
        self.unpause()
        if not self.processes():
            self.start()
        self.unblock()

    def control(self, *words: str) -> str:
        """Run rabbitmqctl on it and return what it printed.

        Raises:
            StackError: it failed; says why.
        """
        program = rabbitmq_program("rabbitmqctl") or "rabbitmqctl"
        done = subprocess.run(
            [program, "--quiet", *words],
            env={**os.environ, **rabbitmq_environ(self.folder, self.port)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            problem = f"rabbitmqctl {' '.join(words)}: {done.stdout}{done.stderr}"
            raise StackError(problem, f"see {self.log}")
        return done.stdout

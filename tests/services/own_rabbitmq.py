"""A RabbitMQ that belongs to the tests of one module, so that they may stop and block it.

Starting takes some seconds, so the tests of a module share it; each gets it running and unblocked.
Every method blocks until what it says is true. A test whose loop has to go on meanwhile calls it
through `asyncio.to_thread`.
"""

from __future__ import annotations

from pathlib import Path

from scripts.stack.broker import Broker
from scripts.stack.ports import free_port


class OwnRabbitMQ(Broker):
    """A broker of the tests' own, on any free port."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, free_port())

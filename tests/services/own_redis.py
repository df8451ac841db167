"""A Redis that belongs to one test, so that the test may stop, freeze and flush it.

Every method blocks until what it says is true. A test whose loop has to go on meanwhile calls it
through `asyncio.to_thread`.
"""

from __future__ import annotations

from pathlib import Path

from scripts.stack.instance import HOST, Instance
from scripts.stack.ports import free_port
from scripts.stack.probe import ask
from scripts.stack.service_redis import REDIS


class OwnRedis(Instance):
    """A redis-server with its append-only file on and its data in a folder of the test.

    It comes back on the same port, with everything that it had confirmed a second before.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(REDIS, folder, free_port())

    @property
    def url(self) -> str:
        """Its address as clients take it."""
        return f"redis://{HOST}:{self.port}/0"

    def restart(self) -> None:
        """Stop it and start it again with its data."""
        self.stop()
        self.start()

    def flush(self) -> None:
        """Empty it while it runs, scripts too."""
        for command in (b"FLUSHALL\r\n", b"SCRIPT FLUSH\r\n"):
            assert ask(HOST, self.port, command, stop=b"\r\n") == b"+OK\r\n"

"""Redis from the distribution's package, with every write in its append-only file."""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts.stack.probe import redis_version
from scripts.stack.service import Launch, Service


def _program() -> str | None:
    return shutil.which("redis-server")


def _prepare(folder: Path, port: int) -> list[Launch]:
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(folder),
        "appendonly": "yes",
        # The append-only file is the copy on disk; snapshots would only cost a fork each.
        "save": "",
        "daemonize": "no",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [Launch([_program() or "redis-server", *words])]


REDIS = Service(
    name="redis",
    title="Redis",
    port_variable="IM_REDIS_PORT",
    port=6379,
    packages=("redis-server",),
    program=_program,
    prepare=_prepare,
    version=redis_version,
)

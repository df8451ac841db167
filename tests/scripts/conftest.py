"""A checkout of the scripts' own, so that a test's services are nobody else's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scripts.stack.instance import HOST
from scripts.stack.paths import ROOT
from scripts.stack.probe import listens
from scripts.stack.venv import fingerprint
from tests.services import free_port


@dataclass
class Checkout:
    """A folder with the scripts, and how to call them in it."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, script: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `scripts/<script>` and return what it said."""
        return subprocess.run(
            [str(self.folder / "scripts" / script), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            env={**os.environ, **self.environ, **environ},
            check=False,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """Give a checkout whose services have free ports; what it started is ended."""
    with made_checkout(tmp_path) as made:
        yield made


@contextmanager
def made_checkout(folder: Path) -> Iterator[Checkout]:
    """Make a checkout in a folder; end what it started in the end."""
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for name in ("compose.yaml", "setup.cfg", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    _lend_programs(folder / ".venv")
    ports = {name: str(free_port()) for name in ("IM_ZK_PORT", "IM_REDIS_PORT", "IM_AMQP_PORT")}
    # The packages are what is tested here; no engine is looked for at a port nobody listens on.
    made = Checkout(folder, {**ports, "DOCKER_HOST": f"tcp://127.0.0.1:{free_port()}"})
    try:
        yield made
    finally:
        made.run("cluster", "down")
        made.run("services", "down")


def free_node_port() -> int:
    """Return a port for `IM_NODE_PORT`: it is free with the next one, and with those ten above."""
    while True:
        port = free_port()
        if not any(listens(HOST, port + more) for more in (1, 10, 11)):
            return port


def _lend_programs(venv: Path) -> None:
    """Let the checkout use the environment of the tests, and never install anything into it."""
    venv.mkdir()
    # Where the tests run without an environment of their own, Python needs no more than `bin`.
    for name in ("bin", "lib", "pyvenv.cfg"):
        if Path(sys.prefix, name).exists():
            (venv / name).symlink_to(Path(sys.prefix, name))
    (venv / "installed").write_text(fingerprint())

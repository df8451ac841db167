"""ZooKeeper for the tests: a container, or one that somebody else runs.

Every method blocks until what it says is true. A test whose loop has to go on meanwhile calls it
through `asyncio.to_thread`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import Protocol

from scripts.stack.docker import docker
from scripts.stack.instance import HOST
from scripts.stack.ports import free_port
from scripts.stack.probe import listens, zookeeper_version
from scripts.stack.service_zookeeper import zookeeper_config
from scripts.stack.waiting import wait_until

_LABEL = "im-tests"
_READY_WITHIN = 60.0


class ZooKeeper(Protocol):
    """A ZooKeeper that a test can connect to and make fail."""

    @property
    def hosts(self) -> str:
        """HOST:PORT, without a chroot."""

    @property
    def origin(self) -> str:
        """Where it comes from, for the summary."""

    def stop(self) -> None:
        """Shut it down; its data stay."""

    def kill(self) -> None:
        """End it as a power cut would; what it has confirmed stays."""

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""

    def unpause(self) -> None:
        """Let it go on."""

    def restart(self) -> None:
        """Bring it up, whatever state it is in, with its data; return when it serves."""

    def remove(self) -> None:
        """End it for good. Idempotent."""


class ZooKeeperContainer:
    """A container with a port of its own on this machine's network.

    Runs the official image and the one of `scripts/zookeeper-image` alike: both take a zoo.cfg
    that lies in /conf, and both may write to /data.
    """

    def __init__(self, image: str) -> None:
        self.image = image
        self.port = free_port()
        self.name = f"{_LABEL}-{os.getpid()}-{uuid.uuid4().hex[:8]}"

    @property
    def hosts(self) -> str:
        """HOST:PORT, without a chroot."""
        return f"{HOST}:{self.port}"

    @property
    def origin(self) -> str:
        """Where it comes from, for the summary."""
        return f"container image {self.image}"

    def create(self) -> None:
        """Make the container and start it; return when it serves."""
        _docker("create", "--name", self.name, "--label", _LABEL, "--network", "host", self.image)
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder, "zoo.cfg")
            config.write_text(_config(self.port))
            # The server of the official image isn't root.
            config.chmod(0o644)
            _docker("cp", str(config), f"{self.name}:/conf/zoo.cfg")
        self.restart()

    def stop(self) -> None:
        """Shut it down; its data stay."""
        _docker("stop", "--time", "10", self.name)
        self._wait_gone()

    def kill(self) -> None:
        """End it as a power cut would; what it has confirmed stays."""
        _docker("kill", self.name)
        self._wait_gone()

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""
        _docker("pause", self.name)

    def unpause(self) -> None:
        """Let it go on."""
        _docker("unpause", self.name)
        self._wait_serving()

    def restart(self) -> None:
        """Bring it up, whatever state it is in, with its data; return when it serves."""
        if self._state() == "paused":
            _docker("unpause", self.name)
        _docker("restart", "--time", "10", self.name)
        self._wait_serving()

    def remove(self) -> None:
        """End it for good. Idempotent."""
        _docker("rm", "--force", "--volumes", self.name)

    def _state(self) -> str:
        return _docker("inspect", "--format", "{{.State.Status}}", self.name)

    def _wait_serving(self) -> None:
        if not wait_until(lambda: bool(zookeeper_version(HOST, self.port)), _READY_WITHIN):
            log = docker("logs", "--tail", "20", self.name)
            raise AssertionError(f"{self.image} doesn't serve: {log.stdout}{log.stderr}")

    def _wait_gone(self) -> None:
        assert wait_until(lambda: not listens(HOST, self.port), 10.0), "its port still listens"


class ZooKeeperElsewhere:
    """A ZooKeeper that was there before the tests: to be used, not to be touched."""

    def __init__(self, hosts: str) -> None:
        self.hosts = hosts
        self.origin = hosts

    def stop(self) -> None:
        """Refuse."""
        self._refuse("stop")

    def kill(self) -> None:
        """Refuse."""
        self._refuse("kill")

    def pause(self) -> None:
        """Refuse."""
        self._refuse("pause")

    def unpause(self) -> None:
        """Refuse."""
        self._refuse("unpause")

    def restart(self) -> None:
        """Refuse."""
        self._refuse("restart")

    def remove(self) -> None:
        """Leave it running."""

    def _refuse(self, action: str) -> None:
        raise AssertionError(
            f"can't {action} the ZooKeeper at {self.hosts}, it isn't the tests' own: "
            "unset IM_TEST_ZK and start Docker"
        )


def remove_leftovers() -> None:
    """Remove the containers of test runs that were killed before they could."""
    names = _docker("ps", "--all", "--filter", f"label={_LABEL}", "--format", "{{.Names}}")
    for name in names.split():
        owner = name.removeprefix(f"{_LABEL}-").split("-")[0]
        if not Path("/proc", owner).exists():
            _docker("rm", "--force", "--volumes", name)


def _config(port: int) -> str:
    return zookeeper_config(
        "/data",
        port,
        tick_ms=250,
        # Tests of expiry want short sessions, tests of outages long ones.
        minSessionTimeout="500",
        maxSessionTimeout="120000",
        # Data that nobody will miss needn't wait for the disk.
        forceSync="no",
        preAllocSize="4096",
    )


def _docker(*words: str) -> str:
    done: subprocess.CompletedProcess[str] = docker(*words)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr.strip()}"
    return done.stdout.strip()

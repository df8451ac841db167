"""One ZooKeeper as a container that may be stopped, killed and frozen.

Runs the official image and the one of `scripts/zookeeper-image` alike: both take a zoo.cfg that
lies in /conf, and both may write to /data. Every method blocks until what it says is true.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from pathlib import Path

from scripts.stack.docker import docker
from scripts.stack.errors import StackError
from scripts.stack.instance import HOST
from scripts.stack.probe import listens, zookeeper_version
from scripts.stack.service_zookeeper import zookeeper_config
from scripts.stack.waiting import wait_until

_READY_WITHIN = 60.0


class ZookeeperContainer:
    """A container with a port of its own on this machine's network."""

    def __init__(self, image: str, label: str, port: int) -> None:
        """Describe a container; nothing is started yet.

        Args:
            image: its image, which the engine holds.
            label: whose it is; the beginning of its name, too.
            port: where it is to serve.
        """
        self.image = image
        self.label = label
        self.port = port
        self.name = f"{label}-{os.getpid()}-{uuid.uuid4().hex[:8]}"

    @property
    def hosts(self) -> str:
        """HOST:PORT, without a chroot."""
        return f"{HOST}:{self.port}"

    def create(self) -> None:
        """Make the container and start it; return when it serves."""
        label, host = ("--label", self.label), ("--network", "host")
        _docker("create", "--name", self.name, *label, *host, self.image)
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder, "zoo.cfg")
            config.write_text(brisk_config("/data", self.port))
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
            raise StackError(
                f"{self.image} doesn't serve: {log.stdout}{log.stderr}", f"docker logs {self.name}"
            )

    def _wait_gone(self) -> None:
        if not wait_until(lambda: not listens(HOST, self.port), 10.0):
            raise StackError(f"port {self.port} still listens", f"docker logs {self.name}")


def remove_leftovers(label: str) -> None:
    """Remove the containers of this label whose maker was killed before it could."""
    names = _docker("ps", "--all", "--filter", f"label={label}", "--format", "{{.Names}}")
    for name in names.split():
        owner = name.removeprefix(f"{label}-").split("-")[0]
        if not Path("/proc", owner).exists():
            _docker("rm", "--force", "--volumes", name)


def brisk_config(data: str, port: int) -> str:
    """Return a zoo.cfg for tests: expiry is quick, and the disk is not waited for."""
    return zookeeper_config(
        data,
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
    done = docker(*words)
    if done.returncode != 0:
        said = done.stderr.strip()
        raise StackError(f"docker {' '.join(words)}: {said}", "see whether Docker is well")
    return done.stdout.strip()

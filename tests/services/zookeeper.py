"""ZooKeeper for the tests: a container, or one that somebody else runs.

Every method blocks until what it says is true. A test whose loop has to go on meanwhile calls it
through `asyncio.to_thread`.
"""

from __future__ import annotations

from typing import Protocol

from scripts.stack.ports import free_port
from scripts.stack.zookeeper_container import ZookeeperContainer

LABEL = "im-tests"
"""What the tests' containers bear."""


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


class OwnZooKeeper(ZookeeperContainer):
    """A container of the tests' own, on any free port."""

    def __init__(self, image: str) -> None:
        super().__init__(image, LABEL, free_port())

    @property
    def origin(self) -> str:
        """Where it comes from, for the summary."""
        return f"container image {self.image}"


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

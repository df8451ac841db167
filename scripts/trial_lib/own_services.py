"""The services that a trial starts for itself, and may so kill, freeze and block."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from scripts.stack.broker import Broker
from scripts.stack.docker import engine_answers, has_image
from scripts.stack.instance import HOST, Instance
from scripts.stack.packages import install
from scripts.stack.paths import RUN
from scripts.stack.ports import free_port
from scripts.stack.service import Launch, Service
from scripts.stack.service_rabbitmq import RABBITMQ
from scripts.stack.service_redis import REDIS
from scripts.stack.service_zookeeper import ZOOKEEPER, ZOOKEEPER_JAVA
from scripts.stack.zookeeper_container import ZookeeperContainer, brisk_config, remove_leftovers
from scripts.stack.zookeeper_image import OFFICIAL, TAG
from scripts.trial_lib.target import Target

_LABEL = "im-chaos"


class Zookeeper(Protocol):
    """A ZooKeeper, as a container or as a process."""

    @property
    def hosts(self) -> str:
        """HOST:PORT."""

    def create(self) -> None:
        """Start it and return when it serves."""

    def pause(self) -> None:
        """Freeze it."""

    def unpause(self) -> None:
        """Let it go on."""

    def stop(self) -> None:
        """Shut it down; its data stay."""

    def restart(self) -> None:
        """Bring it up, whatever state it is in, with its data; return when it serves."""

    def remove(self) -> None:
        """End it for good."""


class ZookeeperProcess(Instance):
    """A ZooKeeper from the machine's packages, where Docker has no image of it."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(dataclasses.replace(ZOOKEEPER, prepare=_prepare_brisk), folder, port)

    @property
    def hosts(self) -> str:
        """HOST:PORT."""
        return f"{HOST}:{self.port}"

    def create(self) -> None:
        """Start it and return when it serves."""
        self.start()

    def restart(self) -> None:
        """Stop it if it runs, and start it with its data."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """End it."""
        self.stop()


class OwnServices:
    """The services of one run; each has a port of its own. Every method blocks."""

    def __init__(self, folder: Path, targets: tuple[Target, ...], fsync: str) -> None:
        """Describe them; nothing is started yet.

        Args:
            folder: for their configurations, data and logs.
            targets: which of the services are wanted.
            fsync: Redis's `appendfsync`.
        """
        self._targets = targets
        self._ending = ExitStack()
        self.zookeeper: Zookeeper = _make_zookeeper(folder / "zookeeper")
        self.redis = Instance(_redis_with(fsync), folder / "redis", free_port())
        self.rabbitmq = Broker(folder / "rabbitmq", free_port())

    @property
    def addresses(self) -> dict[Target, str]:
        """Where they are, as nodes take it."""
        found = {
            Target.ZOOKEEPER: self.zookeeper.hosts,
            Target.REDIS: f"redis://{HOST}:{self.redis.port}/0",
            Target.RABBITMQ: self.rabbitmq.url,
        }
        return {target: found[target] for target in self._targets}

    @property
    def zookeeper_is(self) -> str:
        """What the ZooKeeper is, in words."""
        if isinstance(self.zookeeper, ZookeeperContainer):
            return f"container {self.zookeeper.image}"
        return "process of this machine's package"

    def start(self) -> None:
        """Start them side by side and return when all answer.

        Raises:
            StackError: one can't be started; the cure is in the message.
        """
        _install(service for target in self._targets if (service := self._package(target)))
        with ThreadPoolExecutor() as threads:
            running = []
            for target in self._targets:
                start, end = self._start_and_end(target)
                self._ending.callback(end)
                running.append(threads.submit(start))
        for each in running:
            each.result()

    def _start_and_end(self, target: Target) -> tuple[Callable[[], None], Callable[[], None]]:
        if target is Target.ZOOKEEPER:
            return self.zookeeper.create, self.zookeeper.remove
        instance = self.redis if target is Target.REDIS else self.rabbitmq
        # Nobody will miss the data.
        return instance.start, instance.kill

    def _package(self, target: Target) -> Service | None:
        """Return the package that a service needs on this machine; None if it is a container."""
        if target is Target.ZOOKEEPER:
            return ZOOKEEPER if isinstance(self.zookeeper, ZookeeperProcess) else None
        return REDIS if target is Target.REDIS else RABBITMQ

    def end(self) -> None:
        """End those that were started, whatever state they are in. Idempotent."""
        self._ending.close()


def _make_zookeeper(folder: Path) -> Zookeeper:
    """Choose a container if Docker has an image; the machine's package if not."""
    if engine_answers():
        image = next((name for name in (OFFICIAL, TAG) if has_image(name)), None)
        if image is not None:
            remove_leftovers(_LABEL)
            return ZookeeperContainer(image, _LABEL, free_port())
    return ZookeeperProcess(folder, free_port())


def _install(services: Iterable[Service]) -> None:
    absent = [name for each in services if each.program() is None for name in each.packages]
    if absent:
        install(absent, RUN / "apt.log")


def _prepare_brisk(folder: Path, port: int) -> list[Launch]:
    config = folder / "zoo.cfg"
    config.write_text(brisk_config(str(folder / "data"), port))
    return [Launch(["java", *ZOOKEEPER_JAVA, str(config)])]


def _redis_with(fsync: str) -> Service:
    def prepare(folder: Path, port: int) -> list[Launch]:
        [launch] = REDIS.prepare(folder, port)
        return [Launch([*launch.command, "--appendfsync", fsync])]

    return dataclasses.replace(REDIS, prepare=prepare)

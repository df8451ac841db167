"""The fixtures that lead to real services. Nothing is faked here, nothing skipped."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from scripts.stack.probe import rabbitmq_version, redis_version
from tests.services import Forwarder, OwnRabbitMQ, OwnRedis, ZooKeeper
from tests.services.found import find_own_zookeeper, find_server, find_zookeeper
from tests.services.leftovers import make_chroot, remove_chroot, remove_exchanges, remove_keys
from tests.services.tally import Tally

_TALLY = pytest.StashKey[Tally]()

# How long an example takes says more about the machine than about the code.
settings.register_profile("im", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("im")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count, and hear SIGINT again where the caller's shell has it ignored.

    A shell makes its background jobs ignore it, and the programs under test would inherit that.
    """
    config.stash[_TALLY] = Tally()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how many tests touched each real service."""
    terminalreporter.write_line(config.stash[_TALLY].line())


@pytest.fixture(autouse=True)
def _counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Count the test when it is over: only then are fixtures known that it asked for by name."""
    yield
    request.config.stash[_TALLY].count(request.fixturenames)


@pytest.fixture(scope="session")
def zookeeper(pytestconfig: pytest.Config) -> Iterator[ZooKeeper]:
    """Give the ZooKeeper that all tests share. Who stops it takes `own_zookeeper` instead."""
    server = find_zookeeper(os.environ)
    pytestconfig.stash[_TALLY].origins["ZooKeeper"].add(server.origin)
    yield server
    server.remove()


@pytest.fixture
def own_zookeeper(pytestconfig: pytest.Config) -> Iterator[ZooKeeper]:
    """Give a container of ZooKeeper to be stopped, killed and paused. Takes about a second."""
    server = find_own_zookeeper(os.environ)
    pytestconfig.stash[_TALLY].origins["ZooKeeper"].add(server.origin)
    yield server
    server.remove()


@pytest.fixture
def zk_hosts(zookeeper: ZooKeeper) -> Iterator[str]:
    """Give `HOST:PORT/chroot`, the chroot fresh and empty."""
    path = make_chroot(zookeeper.hosts)
    yield zookeeper.hosts + path
    remove_chroot(zookeeper.hosts, path)


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> str:
    """Give the address of a Redis that answers: IM_TEST_REDIS, else the standard port."""
    url = os.environ.get("IM_TEST_REDIS") or "redis://127.0.0.1:6379/0"
    origin = find_server("Redis", url, 6379, redis_version)
    pytestconfig.stash[_TALLY].origins["Redis"].add(origin)
    return url


@pytest.fixture(scope="session")
def amqp_url(pytestconfig: pytest.Config) -> str:
    """Give the address of a RabbitMQ that answers: IM_TEST_AMQP, else the standard port."""
    url = os.environ.get("IM_TEST_AMQP") or "amqp://guest:guest@127.0.0.1:5672/%2F"
    origin = find_server("RabbitMQ", url, 5672, rabbitmq_version)
    pytestconfig.stash[_TALLY].origins["RabbitMQ"].add(origin)
    return url


@pytest.fixture
def cluster_name(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give a cluster's name that no other test has; what bears it is removed afterwards."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    if "redis_url" in request.fixturenames:
        remove_keys(request.getfixturevalue("redis_url"), name)
    if "amqp_url" in request.fixturenames:
        remove_exchanges(request.getfixturevalue("amqp_url"), name)


@pytest.fixture
def own_redis(pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[OwnRedis]:
    """Give a Redis of the test's own to be stopped, frozen and flushed."""
    server = OwnRedis(tmp_path / "redis")
    server.start()
    pytestconfig.stash[_TALLY].origins["Redis"].add(f"{server.version()} of a test's own")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def rabbitmq_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRabbitMQ]:
    """Give the broker behind `own_rabbitmq`; started by its first test."""
    server = OwnRabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    yield server
    server.stop()


@pytest.fixture
def own_rabbitmq(pytestconfig: pytest.Config, rabbitmq_of_module: OwnRabbitMQ) -> OwnRabbitMQ:
    """Give a running RabbitMQ to be stopped, killed and blocked; shared by the module's tests."""
    rabbitmq_of_module.heal()
    origin = f"{rabbitmq_of_module.version()} of a module's own"
    pytestconfig.stash[_TALLY].origins["RabbitMQ"].add(origin)
    return rabbitmq_of_module


@pytest.fixture
def forwarder() -> Iterator[Callable[[str, int], Forwarder]]:
    """Give a function that puts a forwarder in front of HOST, PORT; all are closed at the end."""
    made: list[Forwarder] = []

    def make(host: str, port: int) -> Forwarder:
        made.append(Forwarder(host, port))
        return made[-1]

    yield make
    for each in made:
        each.close()

"""`scripts/services` starts what is missing, uses what is there, and ends what is its own."""

from __future__ import annotations

import socket

import pytest

from scripts.stack.instance import HOST
from scripts.stack.probe import ask, listens, redis_version, zookeeper_version
from tests.scripts.conftest import Checkout
from tests.services import OwnRedis


def test_up_and_down(checkout: Checkout) -> None:
    port = int(checkout.environ["IM_REDIS_PORT"])
    up = checkout.run("services", "up", "redis")
    assert up.returncode == 0, up.stderr
    assert "no Docker engine answers: using the packages of this machine" in up.stdout
    assert f"answers on {HOST}:{port}" in up.stdout
    log = checkout.folder / ".run" / "services" / f"redis-{port}" / "log"
    assert str(log) in up.stdout
    assert log.exists()
    assert b"yes" in ask(HOST, port, b"CONFIG GET appendonly\r\n", stop=b"yes")
    status = checkout.run("services", "status", "redis")
    assert status.returncode == 0
    assert "started here" in status.stdout
    down = checkout.run("services", "down")
    assert down.returncode == 0
    assert f"Redis on port {port} ended" in down.stdout
    assert not listens(HOST, port)
    assert checkout.run("services", "status", "redis").returncode == 1


def test_zookeeper_comes_back_with_its_data_folder(checkout: Checkout) -> None:
    port = int(checkout.environ["IM_ZK_PORT"])
    for _ in range(2):
        assert checkout.run("services", "up", "zookeeper").returncode == 0
        assert zookeeper_version(HOST, port)
        assert checkout.run("services", "down", "zookeeper").returncode == 0
        assert not listens(HOST, port)


def test_a_second_up_uses_the_first(checkout: Checkout) -> None:
    checkout.run("services", "up", "redis")
    again = checkout.run("services", "up", "redis")
    assert again.returncode == 0
    assert "already (started here before)" in again.stdout


def test_one_that_was_there_before_is_used_and_never_ended(
    checkout: Checkout, own_redis: OwnRedis
) -> None:
    up = checkout.run("services", "up", "redis", IM_REDIS_PORT=str(own_redis.port))
    assert up.returncode == 0
    assert "not started here, and never ended by this" in up.stdout
    down = checkout.run("services", "down")
    assert down.returncode == 0
    assert "nothing to end" in down.stdout
    assert own_redis.version()


def test_a_port_with_something_else_is_an_error_with_its_cure(checkout: Checkout) -> None:
    with socket.create_server((HOST, 0)) as stranger:
        port = stranger.getsockname()[1]
        up = checkout.run("services", "up", "redis", IM_REDIS_PORT=str(port))
    assert up.returncode == 1
    assert up.stderr.count("\n") == 1
    assert f"port {port} is taken" in up.stderr
    assert "set IM_REDIS_PORT" in up.stderr


def test_one_that_cant_start_names_its_log_and_the_others_are_ended(checkout: Checkout) -> None:
    redis_port = int(checkout.environ["IM_REDIS_PORT"])
    folder = checkout.folder / ".run" / "services" / f"redis-{redis_port}"
    folder.mkdir(parents=True)
    # Redis wants to make a folder of this name.
    (folder / "appendonlydir").write_text("in the way")
    up = checkout.run("services", "up", "zookeeper", "redis")
    assert up.returncode == 1
    assert f"Redis didn't start on port {redis_port}: see {folder / 'log'}" in up.stderr
    assert not listens(HOST, int(checkout.environ["IM_ZK_PORT"]))


def test_down_with_a_port_ends_that_one_only(checkout: Checkout, own_redis: OwnRedis) -> None:
    checkout.run("services", "up", "redis")
    first = int(checkout.environ["IM_REDIS_PORT"])
    own_redis.stop()
    second = own_redis.port
    checkout.run("services", "up", "redis", IM_REDIS_PORT=str(second))
    checkout.run("services", "down", "redis", IM_REDIS_PORT=str(second))
    assert redis_version(HOST, first)
    assert not listens(HOST, second)


@pytest.mark.parametrize(
    ("words", "environ", "said"),
    [
        (["up", "mysql"], {}, "unknown service 'mysql': choose from zookeeper, redis, rabbitmq"),
        (["up"], {"IM_ZK_PORT": "x"}, "IM_ZK_PORT='x': set it to a port, 1 to 65535"),
        (["status"], {"IM_AMQP_PORT": "70000"}, "IM_AMQP_PORT='70000': set it to a port"),
    ],
)
def test_what_isnt_understood_is_said_in_one_line(
    checkout: Checkout, words: list[str], environ: dict[str, str], said: str
) -> None:
    done = checkout.run("services", *words, **environ)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_unknown_action_is_refused(checkout: Checkout) -> None:
    assert checkout.run("services", "explode").returncode == 2

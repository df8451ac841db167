"""`server doctor`: what it says of a set-up that is broken, on real services, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
from typing import Any

import pytest
from click.testing import CliRunner

from scripts.stack.instance import HOST
from scripts.stack.probe import ask
from server.cli import main
from tests.server.process import SERVER
from tests.services import OwnRedis, free_port


class SetUp:
    """The options of `server doctor` for services that are as they should be."""

    def __init__(self, zk: str, redis: str, amqp: str, cluster: str) -> None:
        self.options = {"zk": zk, "redis": redis, "amqp": amqp, "cluster": cluster}

    def words(self, **changed: str) -> list[str]:
        """Return the command, with some options changed."""
        options = {"timeout": "20", "max_connections": "1", **self.options, **changed}
        pairs = ((f"--{name.replace('_', '-')}", value) for name, value in options.items())
        return ["doctor", *(word for pair in pairs for word in pair)]

    async def lines(self, code: int, **changed: str) -> list[str]:
        """Return what it says; it has to end with this exit code."""
        words = self.words(**changed)
        answer = await asyncio.to_thread(CliRunner().invoke, main, words)
        assert answer.exit_code == code, answer.output
        return answer.output.splitlines()

    async def fault(self, **changed: str) -> str:
        """Return the one FAIL of a set-up with one fault."""
        [line] = [line for line in await self.lines(1, **changed) if line.startswith("FAIL")]
        assert "Cure: " in line
        return line


@pytest.fixture
def set_up(zk_hosts: str, redis_url: str, amqp_url: str, cluster_name: str) -> SetUp:
    return SetUp(zk_hosts, redis_url, amqp_url, cluster_name)


async def test_a_good_set_up_has_no_fault(set_up: SetUp) -> None:
    lines = await set_up.lines(0)
    assert lines[-1].endswith(" 0 FAIL")
    for subject in ("ZooKeeper", "Redis", "RabbitMQ", "machine"):
        assert any(line.startswith(f"OK    {subject}") for line in lines)


async def test_redis_is_down(set_up: SetUp) -> None:
    port = free_port()
    line = await set_up.fault(redis=f"redis://:s3cret@{HOST}:{port}")
    assert f"Redis      reachable: redis://:***@{HOST}:{port}" in line
    assert "Connection refused" in line
    assert "systemctl start redis-server" in line


async def test_rabbitmq_with_the_wrong_password(set_up: SetUp, amqp_url: str) -> None:
    line = await set_up.fault(amqp=amqp_url.replace("guest:guest", "guest:wr0ng"))
    assert "RabbitMQ   login: " in line
    assert "it refuses this user or password" in line
    assert "rabbitmqctl change_password guest" in line
    assert "wr0ng" not in line


async def test_the_chroot_of_zookeeper_is_missing(set_up: SetUp, zk_hosts: str) -> None:
    line = await set_up.fault(zk=f"{zk_hosts}/none")
    assert "/none does not exist" in line
    assert "create /" in line
    # It is not made by looking, neither here nor elsewhere.
    words = ["nodes", "--zk", f"{zk_hosts}/none"]
    assert (await asyncio.to_thread(CliRunner().invoke, main, words)).exit_code == 0
    assert await set_up.fault(zk=f"{zk_hosts}/none") == line


async def test_redis_without_its_append_only_file(set_up: SetUp, own_redis: OwnRedis) -> None:
    off = ask(HOST, own_redis.port, b"CONFIG SET appendonly no\r\n", stop=b"\r\n")
    assert off == b"+OK\r\n"
    line = await set_up.fault(redis=own_redis.url)
    assert "append-only file: off" in line
    assert f"redis-cli -p {own_redis.port} CONFIG SET appendonly yes" in line


def test_a_limit_of_256_open_files(set_up: SetUp) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    words = [word for word in set_up.words() if word not in ("--max-connections", "1")]
    done = subprocess.run(
        [SERVER, *words],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert "open files: limit 256: room for 156 clients" in line
    assert "ulimit -Hn 4096" in line
    assert "LimitNOFILE=4096" in line


async def test_several_faults_are_told_at_once_and_as_json(set_up: SetUp) -> None:
    nowhere = f"{HOST}:{free_port()}"
    services = {"zk": nowhere, "redis": f"redis://{nowhere}", "amqp": f"amqp://{nowhere}/"}
    words = [*set_up.words(**services, timeout="0.5"), "--json"]
    answer = await asyncio.to_thread(CliRunner().invoke, main, words)
    assert answer.exit_code == 1
    told: dict[str, Any] = json.loads(answer.output)
    assert told["ok"] is False
    failed = [each for each in told["findings"] if each["level"] == "FAIL"]
    assert [each["subject"] for each in failed] == ["ZooKeeper", "Redis", "RabbitMQ"]
    assert all(each["check"] == "reachable" and each["cure"] for each in failed)


def test_as_a_process_it_prints_its_report_and_nothing_else() -> None:
    """What the libraries log of a service that is away would hide it."""
    nowhere = f"{HOST}:{free_port()}"
    services = {"ZK": nowhere, "REDIS": f"redis://{nowhere}", "AMQP": f"amqp://{nowhere}/"}
    environ = {f"IM_SERVER_DOCTOR_{name}": value for name, value in services.items()}
    done = subprocess.run(
        [SERVER, "doctor", "--timeout", "0.5"],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1].endswith("3 FAIL")

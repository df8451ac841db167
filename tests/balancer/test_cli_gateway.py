"""The command `balancer gateway`: what can be seen without a ZooKeeper."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from balancer.cli import main
from tests.services import free_port

GATEWAY = [sys.executable, "-c", "from balancer.cli import main; main()", "gateway"]


def run(*arguments: str, **environment: str) -> Result:
    """Return what the command did."""
    return CliRunner().invoke(main, ["gateway", *arguments], env=environment)


@pytest.fixture
def nowhere() -> str:
    """Give an address where no ZooKeeper is."""
    return f"127.0.0.1:{free_port()}"


def test_help_teaches_with_examples() -> None:
    text = run("--help").output
    assert "balancer gateway --zk zk1:2181/im --listen 127.0.0.1:80" in text
    for option in ("ZK", "LISTEN", "PATH", "POLICY", "TRUSTED_PROXY", "DRAIN_WITHIN", "CACHE"):
        assert f"IM_BALANCER_GATEWAY_{option}" in text.replace("\n", "").replace(" ", "")


def test_without_zk_names_the_option_and_the_cure() -> None:
    result = run()
    assert result.exit_code == 2
    assert "--zk is missing" in result.output


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--listen", "host", "[HOST:]PORT"),
        ("--listen", ":70000", "65535"),
        ("--path", "ws", "a path such as /ws"),
        ("--policy", "fastest", "least_loaded"),
        ("--trusted-proxy", "10.0.0.1/8", "a network such as 10.0.0.0/8"),
        ("--max-connections", "0", "1"),
        ("--drain-within", "-1", "0"),
    ],
)
def test_a_bad_value_is_told_with_its_option(option: str, value: str, told: str) -> None:
    result = run("--zk", "127.0.0.1:1", option, value)
    assert result.exit_code == 2
    assert f"'{option}'" in result.output
    assert told in " ".join(result.output.split())


def test_a_port_in_use_is_told_in_one_line(nowhere: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        result = run("--zk", nowhere, "--listen", place)
    assert result.exit_code == 1
    assert f"cannot listen on {place}" in result.output
    assert "name another --listen or --admin-port" in result.output


def test_gives_up_after_the_wait_with_the_cure(nowhere: str) -> None:
    result = run("--zk", nowhere, "--listen", "127.0.0.1:0", "--wait", "0.2")
    assert result.exit_code == 1
    assert f"cannot reach ZooKeeper at {nowhere}" in result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(nowhere: str, number: signal.Signals) -> None:
    settings = {"ZK": nowhere, "LISTEN": "127.0.0.1:0", "TRUSTED_PROXY": "10.0.0.0/8 127.0.0.1"}
    environment = {f"IM_BALANCER_GATEWAY_{name}": value for name, value in settings.items()}
    with subprocess.Popen(
        GATEWAY, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        assert process.stderr is not None
        assert "listens on ws://127.0.0.1:" in process.stderr.readline()
        process.send_signal(number)
        _, rest = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    assert f"{number.name}: stopping" in rest
    assert "gateway stopped" in rest

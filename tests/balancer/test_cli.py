"""Tests of the command `balancer`: what can be seen without a ZooKeeper."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from balancer.cli import main
from tests.services import free_port

START = [sys.executable, "-c", "from balancer.cli import main; main()", "start"]


def run(*arguments: str, **environment: str) -> Result:
    """Return what the command did."""
    return CliRunner().invoke(main, list(arguments), env=environment)


@pytest.fixture
def nowhere() -> str:
    """Give an address where no ZooKeeper is."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def process(nowhere: str) -> Iterator[subprocess.Popen[str]]:
    """Give a balancer that listens and waits for its ZooKeeper."""
    command = [*START, "--zk", nowhere, "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    """Return the first line that it logs."""
    assert process.stderr is not None
    return process.stderr.readline()


def test_help_teaches_with_examples() -> None:
    assert "curl http://127.0.0.1:7000/v1/node" in run("--help").output
    text = run("start", "--help").output
    assert "balancer start --zk zk1:2181,zk2:2181/im --port 80" in text
    for option in ("ZK", "PORT", "POLICY", "ZONE", "TRUSTED_PROXY", "WAIT", "CACHE", "LOG_LEVEL"):
        assert f"IM_BALANCER_START_{option}" in text.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize("name", sorted(main.commands))
def test_each_command_is_summed_up_in_a_line_and_tells_its_exit_codes(name: str) -> None:
    listed = CliRunner().invoke(main, ["--help"], terminal_width=80).output
    [line] = [line for line in listed.splitlines() if line.startswith(f"  {name} ")]
    assert line.endswith("."), line
    assert not line.endswith("..."), line
    if name != "completion":
        assert "Exit codes: 0 " in run(name, "--help").output


def test_version() -> None:
    assert run("--version").output.startswith("balancer, version ")


def test_without_zk_names_the_option_and_the_cure() -> None:
    result = run("start")
    assert result.exit_code == 2
    assert "--zk is missing" in result.output
    assert "balancer start --zk" in result.output


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--zk", "host:port:x", "HOST:PORT"),
        ("--cluster", "a/b", "cluster must be"),
        ("--port", "70000", "65535"),
        ("--policy", "fastest", "least_loaded"),
        ("--trusted-proxy", "10.0.0.1/8", "a network such as 10.0.0.0/8"),
        ("--wait", "-1", "0"),
        ("--cache", "/", "is a directory"),
    ],
)
def test_a_bad_value_is_told_with_its_option(option: str, value: str, told: str) -> None:
    result = run("start", "--zk", "127.0.0.1:1", option, value)
    assert result.exit_code == 2
    assert f"'{option}'" in result.output
    assert told in result.output


def test_a_bad_value_in_the_environment_is_told_too() -> None:
    result = run("start", IM_BALANCER_START_ZK="127.0.0.1:1", IM_BALANCER_START_PORT="x")
    assert result.exit_code == 2
    assert "'--port'" in result.output


def test_a_port_in_use_is_told_in_one_line(nowhere: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        place = ["--host", "127.0.0.1", "--port", str(port)]
        done = subprocess.run(
            [*START, "--zk", nowhere, *place], capture_output=True, text=True, timeout=30
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"Error: cannot listen on 127.0.0.1:{port}: address already in use; "
        "name another --host or --port"
    ]


def test_gives_up_after_the_wait_with_the_cure(nowhere: str) -> None:
    place = ["--host", "127.0.0.1", "--port", "0", "--wait", "0.2"]
    done = subprocess.run(
        [*START, "--zk", nowhere, *place], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert f"cannot reach ZooKeeper at {nowhere}" in last
    assert "scripts/services up zookeeper" in last


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(process: subprocess.Popen[str], number: signal.Signals) -> None:
    assert "listens on http://127.0.0.1:" in first_line(process)
    process.send_signal(number)
    _, rest = process.communicate(timeout=10)
    assert process.returncode == 0, rest
    assert f"{number.name}: stopping" in rest
    assert "balancer stopped" in rest


def test_a_low_soft_limit_of_files_does_not_bound_the_long_polls(nowhere: str) -> None:
    place = ["--zk", nowhere, "--host", "127.0.0.1", "--port", "0"]
    limited = ["sh", "-c", 'ulimit -Sn 64 && exec "$@"', "sh", *START, *place]
    with subprocess.Popen(limited, stderr=subprocess.PIPE, text=True) as process:
        first_line(process)
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        process.terminate()
        process.communicate(timeout=10)
    [row] = [line for line in limits.splitlines() if line.startswith("Max open files")]
    soft, hard = row.split()[3:5]
    assert soft == hard


def test_the_environment_is_read(nowhere: str) -> None:
    settings = {"ZK": nowhere, "HOST": "127.0.0.1", "PORT": "0", "LOG_FORMAT": "json"}
    environment = {f"IM_BALANCER_START_{name}": value for name, value in settings.items()}
    with subprocess.Popen(
        START, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        assert '"message": "balancer of the cluster' in first_line(process)
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 0

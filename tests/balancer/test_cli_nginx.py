"""The command `balancer nginx`: what can be seen without a ZooKeeper."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from balancer.cli import main
from tests.services import free_port

NGINX = [sys.executable, "-c", "from balancer.cli import main; main()", "nginx"]


def run(*arguments: str, **environment: str) -> Result:
    """Return what the command did."""
    return CliRunner().invoke(main, ["nginx", *arguments], env=environment)


@pytest.fixture
def nowhere() -> str:
    """Give an address where no ZooKeeper is."""
    return f"127.0.0.1:{free_port()}"


def test_help_teaches_with_examples() -> None:
    text = run("--help").output
    assert "balancer nginx --zk --out /etc/nginx/im_upstream.conf" in text
    for option in ("ZK", "OUT", "UPSTREAM", "METHOD", "TEST", "RELOAD", "ONCE", "ADMIN_PORT"):
        assert f"IM_BALANCER_NGINX_{option}" in text.replace("\n", "").replace(" ", "")


def test_without_zk_names_the_option_and_the_cure(tmp_path: Path) -> None:
    result = run("--out", str(tmp_path / "x"), "--test", "")
    assert result.exit_code == 2
    assert "--zk is missing" in result.output


def test_without_out_nothing_is_done() -> None:
    result = run("--zk", "127.0.0.1:1")
    assert result.exit_code == 2
    assert "'--out'" in result.output


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--upstream", "a;b", "upstream must be"),
        ("--method", "random", "least_conn"),
        ("--out", "/nonexistent/im.conf", "make it, or name another --out"),
        ("--wait", "-1", "0"),
    ],
)
def test_a_bad_value_is_told_with_its_option(
    tmp_path: Path, option: str, value: str, told: str
) -> None:
    result = run("--zk", "127.0.0.1:1", "--out", str(tmp_path / "x"), "--test", "", option, value)
    assert result.exit_code == 2
    assert f"'{option}'" in result.output
    assert told in " ".join(result.output.split())


def test_a_missing_nginx_is_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("--zk", "127.0.0.1:1", "--out", str(tmp_path / "x"))
    assert result.exit_code == 2
    assert "--test ''" in " ".join(result.output.split())


def test_once_gives_up_with_the_cure(nowhere: str, tmp_path: Path) -> None:
    result = run(
        *("--zk", nowhere, "--out", str(tmp_path / "x")), "--test", "", "--once", "--wait", "0.2"
    )
    assert result.exit_code == 1
    assert f"cannot reach ZooKeeper at {nowhere}" in result.output
    assert "--zk" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(nowhere: str, tmp_path: Path, number: signal.Signals) -> None:
    settings = {"ZK": nowhere, "OUT": str(tmp_path / "x"), "TEST": ""}
    environment = {f"IM_BALANCER_NGINX_{name}": value for name, value in settings.items()}
    with subprocess.Popen(
        NGINX, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        assert process.stderr is not None
        assert "follows the cluster 'im'" in process.stderr.readline()
        process.send_signal(number)
        _, rest = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    assert f"{number.name}: stopping" in rest
    assert "stays as it is: stopped" in rest

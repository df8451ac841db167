"""`server start`: options into settings, and what it says of them as a process."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from cluster.address import ZookeeperAddress
from server import cli_start
from server.cli import main
from server.settings import NodeSettings
from tests.server.embedded import client
from tests.server.process import server
from tests.services import free_port
from tests.services.stalls import quicker_than

LOOPBACK = ("--host", "127.0.0.1", "--port", "0")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[NodeSettings]:
    """Keep `server start` from running a node; give the settings that it would run with."""
    kept: list[NodeSettings] = []

    async def keep(settings: NodeSettings) -> None:
        kept.append(settings)

    monkeypatch.setattr(cli_start, "run", keep)
    return kept


def start(*arguments: str) -> None:
    """Run `server start`, which has to accept its arguments."""
    answer = CliRunner().invoke(main, ["start", *arguments])
    assert answer.exit_code == 0, answer.output


def refusal(*arguments: str) -> str:
    """Return what `server start` says when it refuses its arguments."""
    answer = CliRunner().invoke(main, ["start", *arguments])
    assert answer.exit_code == 2, answer.output
    return answer.output


def test_the_defaults_are_those_of_the_settings(made: list[NodeSettings]) -> None:
    start()
    assert made == [NodeSettings()]


def test_options_become_settings(made: list[NodeSettings], tmp_path: Path) -> None:
    secret = tmp_path / "jwt.key"
    secret.write_text("swordfish\n")
    start(
        *("--zk", "zk1,zk2:99/prod", "--cluster", "c", "--advertise", "[::1]:443"),
        *("--auth-secret-file", str(secret), "--origin", "https://a", "--origin", "https://b"),
        *("--inbox-max", "5", "--inbox-age", "60", "--wait", "3", "--admin-port", "0"),
        *("--no-rebalance", "--rebalance-rate", "0.05", "--public-url", "wss://c.example/ws"),
    )
    [settings] = made
    assert settings.zk == ZookeeperAddress("zk1:2181,zk2:99", "/prod")
    assert (settings.cluster, settings.advertise) == ("c", ("::1", 443))
    assert (settings.auth_secret, settings.origins) == ("swordfish", ("https://a", "https://b"))
    assert (settings.retention.count, settings.retention.age) == (5, 60.0)
    assert (settings.wait, settings.admin_port) == (3.0, 0)
    assert settings.public_url == "wss://c.example/ws"
    assert (settings.rebalance, settings.rebalance_rate) == (False, 0.05)


@pytest.mark.parametrize("last", [(), ("--port", "0")])
def test_zk_without_a_value_is_the_local_one(
    made: list[NodeSettings], last: tuple[str, ...]
) -> None:
    start("--zk", *last)
    assert made[0].zk == ZookeeperAddress("127.0.0.1:2181")


@pytest.mark.usefixtures("made")
def test_an_empty_secret_is_refused() -> None:
    assert "--auth-secret" in refusal("--auth-secret", "")


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00"])
@pytest.mark.usefixtures("made")
def test_a_secret_file_without_a_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty secret must never mean that everyone is let in."""
    secret = tmp_path / "jwt.key"
    secret.write_bytes(content)
    assert "--auth-secret-file" in refusal("--auth-secret-file", str(secret))


@pytest.mark.usefixtures("made")
def test_two_secrets_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "jwt.key"
    secret.write_text("swordfish")
    assert "exclude" in refusal("--auth-secret", "x", "--auth-secret-file", str(secret))


async def test_it_starts_and_stops_on_sigterm() -> None:
    async with server("start", *LOOPBACK, "--admin-port", "0") as process:
        url = await process.serves()
        async with client(url, "alice") as alice:
            started = time.monotonic()
            process.signal(signal.SIGTERM)
            assert (await alice.end())[1] == 4000
            assert await process.end() == 0
            assert time.monotonic() - started < 10
        assert not any("WARNING" in line or "ERROR" in line for line in process.lines)


async def test_a_client_that_does_not_answer_delays_the_end_by_seconds_only() -> None:
    async with server("start", *LOOPBACK) as process:
        url = await process.serves()
        async with client(url, "alice") as alice:
            alice.socket.transport.pause_reading()
            started = time.monotonic()
            process.signal(signal.SIGTERM)
            assert await process.end() == 0
            assert time.monotonic() - started < 10
            alice.socket.transport.resume_reading()


async def test_a_second_signal_ends_it_at_once() -> None:
    async with server("start", *LOOPBACK) as process:
        url = await process.serves()
        async with client(url, "alice") as alice:
            alice.socket.transport.pause_reading()
            process.signal(signal.SIGINT)
            await process.says("again to stop at once")
            async with quicker_than(1.5):
                process.signal(signal.SIGTERM)
                assert await process.end() == 128 + signal.SIGTERM
            alice.socket.transport.resume_reading()


async def test_it_warns_loudly_where_anyone_can_connect() -> None:
    async with server("start", "--port", "0", "--log-level", "warning") as process:
        await process.says("WARNING.*ANYONE.*--auth-secret-file.*--host 127.0.0.1")
    async with server("start", "--port", "0", "--auth-secret", "x" * 32) as process:
        await process.serves()
        assert not any("ANYONE" in line for line in process.lines)


async def test_every_line_of_the_json_log_parses() -> None:
    arguments = ("start", *LOOPBACK, "--log-format", "json", "--log-level", "debug")
    async with server(*arguments) as process:
        await process.serves()
        process.signal(signal.SIGTERM)
        assert await process.end() == 0
        records = process.records()
    assert len(records) >= 2
    for record in records:
        assert {"time", "level", "logger", "message"} <= record.keys()


async def test_the_admin_port_answers() -> None:
    port = free_port()
    async with server("start", *LOOPBACK, "--admin-port", str(port)) as process:
        await process.serves()
        async with aiohttp.ClientSession() as session:
            for path in ("/healthz", "/readyz", "/metrics"):
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    assert answer.status == 200


@pytest.mark.parametrize("option", ["--port", "--admin-port"])
async def test_a_port_in_use_is_one_line_that_names_the_option(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ("start", "--host", "127.0.0.1", "--port", "0", "--log-level", "warning")
        async with server(*arguments, option, port) as process:
            assert await process.end() == 1
    [line] = process.lines
    assert f"{option} {port}" in line
    assert "already in use; name another port" in line
    assert "Errno" not in line


async def test_a_record_that_the_registry_cannot_take_is_one_line() -> None:
    address = f"{'x' * 1100}.example.org:443"
    arguments = ("start", *LOOPBACK, "--advertise", address, "--log-level", "error")
    async with server(*arguments) as process:
        assert await process.end() == 1
    [line] = process.lines
    assert "more than the 1024" in line


async def test_services_that_are_missing_are_named_with_address_and_cure() -> None:
    port = free_port()
    arguments = ("start", *LOOPBACK, "--zk", f"127.0.0.1:{port}", "--wait", "2")
    redis, amqp = f"redis://:secret@127.0.0.1:{port}/0", f"amqp://guest:guest@127.0.0.1:{port}/"
    async with server(*arguments, "--redis", redis, "--amqp", amqp) as process:
        assert await process.end() == 1
    for service, cure in (("ZooKeeper", "--zk"), ("Redis", "--redis"), ("RabbitMQ", "--amqp")):
        lines = [line for line in process.lines if f"cannot reach {service} at" in line]
        [line] = [line for line in lines if "WARNING" in line]
        assert f"127.0.0.1:{port}" in line
        assert cure in line
        assert f"scripts/services up {service.lower()}" in line
    assert "gave up after --wait 2 s" in process.lines[-1]
    assert not any("secret" in line or "Traceback" in line for line in process.lines)
    assert not any("sweep" in line for line in process.lines), "it has left nothing to sweep"


async def test_a_signal_while_services_are_missing_stops_it() -> None:
    port = free_port()
    async with server("start", *LOOPBACK, "--zk", f"127.0.0.1:{port}") as process:
        await process.says("cannot reach ZooKeeper")
        process.signal(signal.SIGTERM)
        assert await process.end() == 0
        assert not any("Traceback" in line for line in process.lines)

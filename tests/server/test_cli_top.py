"""`server top`: all nodes with what they do, once or until it is ended."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from server.cli_top import table
from server.readings import Row
from tests.server.embedded import client
from tests.server.registered import call, registered
from tests.services import eventually

SERVER = Path(sys.executable).with_name("server")

ROW = Row(
    node="11111111-2222",
    url="ws://192.0.2.7:7177/ws",
    zone="west",
    state="up",
    channels=1234,
    weight=1,
    users=1000,
    received=50.4,
    delivered=99.6,
    batch=3.25,
    waiting=2,
)


def drawn(*rows: Row, width: int = 160) -> str:
    """Return the screen for some rows."""
    console = Console(width=width)
    with console.capture() as capture:
        console.print(table(rows))
    return capture.get()


def test_the_screen_shows_what_matters() -> None:
    text = drawn(ROW)
    for word in ("1 node", "11111111", "west", "up", "1,234", "1,000", "50", "100", "3.2", "2"):
        assert word in text
    assert "all" not in text
    assert "remarks" not in text


def test_several_nodes_have_a_total_and_remarks() -> None:
    away = Row(**({k: getattr(ROW, k) for k in Row.__struct_fields__} | {"degraded": ("Redis",)}))
    silent = Row(
        node="2",
        url="ws://h/ws",
        zone="",
        state="unknown",
        channels=6,
        weight=1,
        reason="no [port]",
    )
    text = drawn(away, silent)
    for word in ("2 nodes", "all", "1,240", "polls: Redis away", "no [port]"):
        assert word in text


def test_a_terminal_of_80_columns_shows_every_column() -> None:
    for row in (ROW, msgspec.structs.replace(ROW, zone="")):
        lines = drawn(row, row, width=80).splitlines()
        assert lines[1].split()[:2] == ["node", "url"]
        assert lines[1].endswith("waiting")
        assert max(map(len, lines)) <= 80
        assert "ws://192." in lines[3]
        assert lines[3].endswith(" 2")


def test_the_zone_is_a_column_where_there_are_any() -> None:
    assert "zone" in drawn(ROW)
    assert "zone" not in drawn(msgspec.structs.replace(ROW, zone=""))


def test_nobody_is_a_screen_too() -> None:
    assert "0 nodes" in drawn()


async def test_one_look(zk_hosts: str, cluster_name: str) -> None:
    where = ("--zk", zk_hosts, "--cluster", cluster_name, "--once", "--every", "0.2")
    async with (
        registered(zk_hosts, cluster_name, count=2) as [first, second],
        client(first, "alice"),
    ):
        answer = await call("top", *where, "--json")
        assert answer.exit_code == 0, answer.output
        rows = {row["node"]: row for row in json.loads(answer.output)}
        assert rows.keys() == {first.node_id, second.node_id}
        assert (rows[first.node_id]["channels"], rows[first.node_id]["users"]) == (1, 1)
        assert rows[second.node_id]["received"] == 0.0
        assert rows[second.node_id]["state"] == "up"
        assert "2 nodes" in (await call("top", *where)).output


async def test_messages_a_second_are_counted(zk_hosts: str, cluster_name: str) -> None:
    where = ("--zk", zk_hosts, "--cluster", cluster_name, "--once", "--every", "1")
    async with registered(zk_hosts, cluster_name) as [node], client(node, "alice") as alice:
        looking = asyncio.create_task(call("top", *where, "--json"))
        number = 0
        while not looking.done():
            number += 1
            await alice.say("send", id=f"s-{number}", to="bob", body=1)
            await alice.hear()
        [row] = json.loads(looking.result().output)
    assert row["received"] > 0
    # What is taken in one look may be stored in the next.
    assert 0.5 < row["batch"] < 2.0


async def test_a_node_that_does_not_tell_is_there_all_the_same(
    zk_hosts: str, cluster_name: str
) -> None:
    where = ("--zk", zk_hosts, "--cluster", cluster_name, "--once", "--every", "0.2")
    async with registered(zk_hosts, cluster_name, admin_port=None):
        [row] = json.loads((await call("top", *where, "--json")).output)
    assert row["state"] == "unknown"
    assert "no admin port" in row["reason"]


async def test_it_goes_on_until_it_is_ended(zk_hosts: str, cluster_name: str) -> None:
    async with registered(zk_hosts, cluster_name) as [node]:
        process = await asyncio.create_subprocess_exec(
            *(str(SERVER), "top", "--zk", zk_hosts, "--cluster", cluster_name),
            *("--every", "0.1", "--json"),
            stdout=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        async with asyncio.timeout(30):
            for _ in range(3):
                [row] = json.loads(await process.stdout.readline())
                assert row["node"] == node.node_id
            process.send_signal(signal.SIGINT)
            await process.stdout.read()
            assert await process.wait() == 0


@pytest.mark.parametrize("command", [("top", "--every", "0.2"), ("nodes", "--watch")])
async def test_on_a_terminal_it_draws_until_q_is_pressed(
    zk_hosts: str, cluster_name: str, command: tuple[str, ...]
) -> None:
    ours, theirs = pty.openpty()
    async with registered(zk_hosts, cluster_name) as [node]:
        process = await asyncio.create_subprocess_exec(
            *(str(SERVER), *command, "--zk", zk_hosts, "--cluster", cluster_name),
            stdin=theirs,
            stdout=theirs,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "160"},
        )
        os.close(theirs)
        screen = Screen(ours)
        await eventually(lambda: node.node_id[:8] in screen.text(), within=30)
        os.write(ours, b"q")

        def over() -> bool:
            # The process cannot end before what it has drawn is read.
            screen.text()
            return process.returncode is not None

        await eventually(over, within=30)
        assert process.returncode == 0
    os.close(ours)


class Screen:
    """What was drawn on a terminal so far."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._drawn = b""
        os.set_blocking(terminal, False)

    def text(self) -> str:
        """Return all of it."""
        # Linux says EIO when the other side has closed the terminal.
        with suppress(BlockingIOError, OSError):
            while some := os.read(self._terminal, 65536):
                self._drawn += some
        return self._drawn.decode(errors="replace")

"""A connection of the generator speaks with a real node as any client does."""

from __future__ import annotations

import json

import pytest

from scripts.bench_lib.connection import Connection, Refused, open_connection
from tests.scripts.bench_world import embedded_address
from tests.services import eventually, free_port


async def test_it_connects_sends_and_hears() -> None:
    heard: list[bytes] = []
    async with embedded_address() as address:
        alice = Connection("alice", lambda texts, _now: heard.extend(texts))
        bob = Connection("bob", lambda texts, _now: heard.extend(texts))
        assert json.loads(await open_connection(alice, address))["type"] == "connected"
        await open_connection(bob, address)
        first = b'{"type":"send","id":"s-1","to":"bob","body":"one"}'
        alice.send([first, first.replace(b"s-1", b"s-2")])
        await eventually(lambda: len(heard) == 4)
        told = [json.loads(text) for text in heard]
        assert [frame["id"] for frame in told if frame["type"] == "sent"] == ["s-1", "s-2"]
        assert [frame["id"] for frame in told if frame["type"] == "message"] == ["s-1", "s-2"]
        alice.close()
        bob.abort()
        await eventually(lambda: alice.ended and bob.ended)
        assert alice.lost is None
        assert bob.lost is None


async def test_pings_are_answered() -> None:
    async with embedded_address(heartbeat=1.0, heartbeat_grace=1.0) as address:
        connection = Connection("alice")
        await open_connection(connection, address)
        await eventually(lambda: connection.pings >= 3, within=15.0)
        assert not connection.ended


async def test_why_it_was_refused_is_said() -> None:
    async with embedded_address() as address:
        with pytest.raises(Refused, match="bad_name"):
            await open_connection(Connection("not{a}name"), address)
    with pytest.raises(Refused, match="alice"):
        await open_connection(Connection("alice"), ("127.0.0.1", free_port()))


async def test_an_end_that_nobody_wanted_is_kept() -> None:
    async with embedded_address() as address:
        connection = Connection("alice")
        await open_connection(connection, address)
    await eventually(lambda: connection.ended)
    assert connection.lost is not None
    assert "alice" in connection.lost

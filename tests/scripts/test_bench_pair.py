"""A pair counts what a real node does with its messages, and notices what is wrong."""

from __future__ import annotations

import pytest

from scripts.bench_lib.connection import Connection, open_connection
from scripts.bench_lib.load import connect_pairs
from scripts.bench_lib.pair import ACK_EVERY, Pair
from tests.scripts.bench_world import embedded_address
from tests.services import eventually


@pytest.mark.parametrize("durable", [True, False])
async def test_a_closed_loop_keeps_its_window(durable: bool) -> None:
    async with embedded_address() as address:
        pair = Pair("p", 100, durable=durable)
        await connect_pairs([pair], [address])
        pair.start(4)
        await eventually(lambda: len(pair.delivered.times) > 3 * ACK_EVERY)
        assert 0 < len(pair.sent) - len(pair.delivered.times) <= 4
        pair.window = 0
        await eventually(pair.complete)
        assert pair.missing() == pair.unconfirmed() == 0
        assert pair.delivered.doubled == pair.delivered.disordered == 0
        assert bool(pair.confirmed.times) == durable
        assert pair.complaints() == []
        assert all(s <= d for s, d in zip(pair.sent, pair.delivered.times, strict=True))


async def test_acknowledged_messages_do_not_come_again() -> None:
    async with embedded_address() as address:
        pair = Pair("p", 10)
        await connect_pairs([pair], [address])
        pair.send(3)
        await eventually(pair.complete)
        pair.acknowledge()
        # The node handles frames of one connection in order: an answer means that it has the ack.
        pair.leave()
        pair.send(2)
        await eventually(lambda: not pair.unconfirmed())
        back = Connection(pair.recipient_name)
        pair.come_back(back)
        await open_connection(back, address)
        await eventually(pair.complete)
        assert pair.delivered.doubled == 0
        assert pair.missing() == 0


async def test_what_is_not_its_own_is_a_complaint() -> None:
    async with embedded_address() as address:
        pair, other = Pair("p", 10), Connection("stranger")
        await connect_pairs([pair], [address])
        await open_connection(other, address)
        other.send([b'{"type":"send","id":"s-1","to":"pb","body":"?"}'])
        await eventually(lambda: pair.complaints())
        assert "stranger" in pair.complaints()[0]
        assert pair.delivered.times == []


async def test_what_never_comes_is_missing() -> None:
    async with embedded_address() as address:
        pair = Pair("p", 10, durable=False)
        await connect_pairs([pair], [address])
        pair.leave()
        nobody = Connection("nobody")
        await open_connection(nobody, address)
        pair.send(2)
        assert pair.missing() == 2
        assert not pair.complete()

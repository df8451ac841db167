"""The router: batches, answers, order after a failure, and senders that are held."""

from __future__ import annotations

import asyncio

import pytest

from cluster.errors import ServiceUnavailable
from server import router
from tests.server.rig import Rig, hear
from tests.services.eventually import eventually


def bodies(rig: Rig, user: str) -> list[bytes]:
    """Return the bodies in a user's inbox, in order."""
    return [tail.rpartition(b'"body":')[2][:-1] for _, tail in rig.world.store.look(user).after(0)]


async def test_what_comes_while_a_batch_is_stored_goes_together() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        rig.inbox.gate.clear()
        alice.say("send", id="s-1", to="bob", body=1)
        await eventually(lambda: rig.parts.router.waiting == 0)
        for number in range(2, 12):
            alice.say("send", id=f"s-{number}", to="bob", body=number)
        rig.inbox.gate.set()
        frames = await hear(alice, 11)
        assert [frame["offset"] for frame in frames] == list(range(1, 12))
        assert rig.inbox.batches == [1, 10]
        assert rig.parts.stats.stored == rig.parts.stats.received == 11


async def test_a_batch_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "MAX_BATCH", 4)
    async with Rig() as rig:
        alice = await rig.join("alice")
        for number in range(1, 11):
            alice.say("send", id=f"s-{number}", to="bob", body=number)
        frames = await hear(alice, 10)
        assert [frame["id"] for frame in frames] == [f"s-{n}" for n in range(1, 11)]
        assert rig.inbox.batches == [4, 4, 2]


async def test_batches_are_moderated() -> None:
    async with Rig(batch_interval=0.05) as rig:
        alice = await rig.join("alice")
        loop = asyncio.get_running_loop()
        started = loop.time()
        for number in range(1, 4):
            alice.say("send", id=f"s-{number}", to="bob", body=number)
            await hear(alice)
        assert loop.time() - started >= 0.1
        assert rig.inbox.batches == [1, 1, 1]


async def test_a_failure_is_answered_and_counted() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        rig.inbox.away = True
        alice.say("send", id="s-1", to="bob", body=1)
        [error] = await hear(alice)
        assert (error["code"], error["id"], error["temporary"]) == ("unavailable", "s-1", True)
        assert rig.parts.stats.failed == 1
        assert rig.parts.router.idle.is_set()


async def test_an_error_that_nobody_expected_is_answered_too() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        rig.inbox.broken = True
        alice.say("send", id="s-1", to="bob", body=1)
        [error] = await hear(alice)
        assert error["code"] == "store_refused"
        assert "temporary" not in error
        assert rig.parts.stats.unexpected == 1
        rig.inbox.broken = False
        alice.say("send", id="s-2", to="bob", body=1)
        assert (await hear(alice))[0]["type"] == "sent"


async def test_a_message_that_the_store_refuses_takes_no_other_with_it() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        rig.inbox.gate.clear()
        rig.inbox.refused = {"carol"}
        alice.say("send", id="s-1", to="bob", body=1)
        await eventually(lambda: rig.parts.router.waiting == 0)
        for number, to in enumerate(("bob", "carol", "bob", "dave", "bob"), 2):
            alice.say("send", id=f"s-{number}", to=to, body=number)
        rig.inbox.gate.set()
        frames = await hear(alice, 6)
        refused = [frame["id"] for frame in frames if frame["type"] == "error"]
        assert refused == ["s-3"]
        assert bodies(rig, "bob") == [b"1", b"2", b"4", b"6"]


async def test_while_one_is_looked_for_that_is_refused_none_overtakes_another() -> None:
    """The half before may fail for a while only: the half behind it has to wait for it."""
    async with Rig() as rig:
        alice = await rig.join("alice")
        rig.inbox.gate.clear()
        alice.say("send", id="s-1", to="bob", body=1)
        await eventually(lambda: rig.parts.router.waiting == 0)
        alice.say("send", id="s-2", to="bob", body=2)
        alice.say("send", id="s-3", to="bob", body=3)
        away = ServiceUnavailable("Redis", "nowhere", "away for a moment")
        rig.inbox.failures = [None, LookupError("refused"), away]
        rig.inbox.gate.set()
        frames = await hear(alice, 3)
        codes = [frame.get("code", frame["type"]) for frame in frames]
        assert codes == ["sent", "unavailable", "out_of_order"]
        for number in (2, 3):
            alice.say("send", id=f"s-{number}", to="bob", body=number)
        await hear(alice, 2)
        assert bodies(rig, "bob") == [b"1", b"2", b"3"]


async def test_after_a_failure_the_client_goes_back() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        rig.inbox.away = True
        for number in (1, 2, 3):
            alice.say("send", id=f"s-{number}", to="bob", body=number)
        errors = await hear(alice, 3)
        assert [error["code"] for error in errors] == ["unavailable"] * 3
        rig.inbox.away = False
        alice.say("send", id="s-4", to="bob", body=4)
        [error] = await hear(alice)
        assert (error["code"], error["id"], error["temporary"]) == ("out_of_order", "s-4", True)
        for number in (1, 2, 3, 4):
            alice.say("send", id=f"s-{number}", to="bob", body=number)
        assert [frame["offset"] for frame in await hear(alice, 4)] == [1, 2, 3, 4]
        assert bodies(rig, "bob") == [b"1", b"2", b"3", b"4"]


async def test_what_waited_behind_a_failure_never_overtakes_its_resend() -> None:
    """The failed one can come again while the one behind it still waits in the queue."""
    async with Rig(batch_interval=0.2) as rig:
        alice = await rig.join("alice")
        rig.inbox.gate.clear()
        alice.say("send", id="s-1", to="bob", body=1)
        await eventually(lambda: rig.parts.router.waiting == 0)
        alice.say("send", id="s-2", to="bob", body=2)
        rig.inbox.away = True
        rig.inbox.gate.set()
        errors = await hear(alice)
        assert errors[0]["code"] == "unavailable"
        rig.inbox.away = False
        alice.say("send", id="s-1", to="bob", body=1)
        alice.say("send", id="s-2", to="bob", body=2)
        await eventually(lambda: len(bodies(rig, "bob")) == 2)
        assert bodies(rig, "bob") == [b"1", b"2"]


async def test_a_message_that_is_sent_again_is_stored_once() -> None:
    async with Rig() as rig:
        alice = await rig.join("alice")
        for _ in range(3):
            alice.say("send", id="s-1", to="bob", body=1)
        frames = await hear(alice, 3)
        assert [frame["offset"] for frame in frames] == [1, 1, 1]
        assert bodies(rig, "bob") == [b"1"]
        assert (rig.parts.stats.stored, rig.parts.stats.repeated) == (1, 2)


async def test_what_is_not_durable_is_not_answered_nor_stored() -> None:
    async with Rig() as rig:
        alice, bob = await rig.join("alice"), await rig.join("bob")
        alice.say("send", id="s-1", to="bob", body=1, durable=False)
        [message] = await hear(bob)
        assert "offset" not in message
        assert message["body"] == 1
        assert alice.messages() == []
        assert bodies(rig, "bob") == []


async def test_a_sender_that_outruns_the_store_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "MAX_WAITING_BYTES", 10_000)
    async with Rig() as rig:
        alice = await rig.join("alice")
        rig.inbox.gate.clear()
        for number in range(1, 21):
            alice.say("send", id=f"s-{number}", to="bob", body="x" * 1000)
        assert not alice.tcp.reading
        rig.inbox.gate.set()
        await hear(alice, 20)
        await eventually(lambda: alice.tcp.reading)


async def test_it_is_idle_when_nothing_waits_or_is_being_stored() -> None:
    async with Rig() as rig:
        alice, idle = await rig.join("alice"), rig.parts.router.idle
        assert idle.is_set()
        rig.inbox.gate.clear()
        alice.say("send", id="s-1", to="bob", body=1)
        await eventually(lambda: rig.parts.router.waiting == 0)
        assert not idle.is_set()
        rig.inbox.gate.set()
        await asyncio.wait_for(idle.wait(), 5)

"""Messages through running nodes and real sockets: sent, stored, replayed, once and in order."""

from __future__ import annotations

from server.backends import MemoryWorld
from tests.server.embedded import client, metric, running
from tests.server.faults import FaultyInbox, faulty
from tests.services.eventually import eventually


async def test_a_message_goes_from_node_to_node() -> None:
    async with (
        running(count=2) as [one, other],
        client(one, "alice") as alice,
        client(other, "bob") as bob,
    ):
        await alice.say("send", id="s-1", to="bob", body={"text": "hello"})
        assert await alice.hear() == {"type": "sent", "id": "s-1", "offset": 1}
        message = await bob.hear()
        assert abs(message.pop("time") - 1.7e9) < 1e9
        assert message == {
            "type": "message",
            "offset": 1,
            "from": "alice",
            "id": "s-1",
            "body": {"text": "hello"},
        }


async def test_many_messages_both_ways_arrive_once_and_in_order() -> None:
    count = 500
    async with (
        running(count=2) as [one, other],
        client(one, "alice") as alice,
        client(other, "bob") as bob,
    ):
        for number in range(1, count + 1):
            await alice.say("send", id=f"a-{number}", to="bob", body=number)
            await bob.say("send", id=f"b-{number}", to="alice", body=number)
        for receiver in (alice, bob):
            frames = await receiver.hear_many(2 * count)
            bodies = [frame["body"] for frame in frames if frame["type"] == "message"]
            sent = [frame["offset"] for frame in frames if frame["type"] == "sent"]
            assert bodies == sent == list(range(1, count + 1))


async def test_all_devices_get_all_messages() -> None:
    async with (
        running(count=2) as [one, other],
        client(one, "bob", device="phone") as phone,
        client(other, "bob", device="laptop") as laptop,
        client(other, "alice") as alice,
    ):
        for number in (1, 2, 3):
            await alice.say("send", id=f"s-{number}", to="bob", body=number)
        for device in (phone, laptop):
            frames = await device.hear_many(3)
            assert [frame["body"] for frame in frames] == [1, 2, 3]


async def test_who_was_away_gets_it_on_the_next_connect() -> None:
    async with running(count=2) as [one, other], client(one, "alice") as alice:
        async with client(other, "bob", device="phone") as bob:
            await alice.say("send", id="s-1", to="bob", body=1)
            await bob.hear()
            await bob.say("ack", offset=1)
        await eventually(lambda: not other.parts.hub.channels)
        for number in (2, 3):
            await alice.say("send", id=f"s-{number}", to="bob", body=number)
        await alice.hear_many(3)
        async with client(one) as again:
            connected = await again.enter("bob", device="phone")
            assert (connected["offset"], connected["recovered"]) == (1, True)
            assert [frame["body"] for frame in await again.hear_many(2)] == [2, 3]


async def test_a_device_goes_on_where_it_says() -> None:
    async with running() as [node], client(node, "alice") as alice:
        for number in range(1, 6):
            await alice.say("send", id=f"s-{number}", to="bob", body=number)
        await alice.hear_many(5)
        async with client(node) as bob:
            connected = await bob.enter("bob", epoch=node.backends.inbox.epoch, offset=3)
            assert connected["offset"] == 3
            assert [frame["offset"] for frame in await bob.hear_many(2)] == [4, 5]


async def test_what_is_not_durable_reaches_only_who_is_there() -> None:
    async with running(count=2) as [one, other], client(one, "alice") as alice:
        await alice.say("send", id="s-1", to="bob", body=1, durable=False)
        await alice.nothing_else()
        async with client(other, "bob", offset=0) as bob:
            await bob.nothing_else()
            await alice.say("send", id="s-2", to="bob", body=2, durable=False)
            frame = await bob.hear()
            assert (frame["body"], "offset" in frame) == (2, False)


async def test_a_send_repeated_on_another_node_is_stored_once() -> None:
    world = MemoryWorld()
    async with running(world, count=2) as [one, other]:
        for node in (one, other, one):
            async with client(node, "alice") as alice:
                await alice.say("send", id="s-1", to="bob", body=1)
                assert (await alice.hear())["offset"] == 1
    assert world.store.look("bob").head == 1


async def test_an_outage_of_the_store_is_survived_by_going_back() -> None:
    async with running(wrap=FaultyInbox) as [node], client(node, "alice") as alice:
        faulty(node).away = True
        await alice.say("send", id="s-1", to="bob", body=1)
        error = await alice.hear()
        assert (error["code"], error["temporary"]) == ("unavailable", True)
        faulty(node).away = False
        await alice.say("send", id="s-2", to="bob", body=2)
        assert (await alice.hear())["code"] == "out_of_order"
        for number in (1, 2):
            await alice.say("send", id=f"s-{number}", to="bob", body=number)
        assert [frame["offset"] for frame in await alice.hear_many(2)] == [1, 2]
        assert await metric(node, "failed_total") == 1.0
        assert await metric(node, "refused_total", "out_of_order") == 1.0


async def test_a_new_session_need_not_wait_for_an_old_one() -> None:
    async with running(wrap=FaultyInbox) as [node], client(node, "alice") as alice:
        faulty(node).away = True
        await alice.say("send", id="s-1", to="bob", body=1)
        await alice.hear()
        faulty(node).away = False
        await alice.say("send", id="t-1", to="bob", body=2)
        assert (await alice.hear())["type"] == "sent"
        async with client(node, "alice") as again:
            await again.say("send", id="s-2", to="bob", body=3)
            assert (await again.hear())["type"] == "sent"


async def test_a_wiped_store_is_told_and_everybody_goes_on() -> None:
    world = MemoryWorld()
    async with (
        running(world, count=2) as [one, other],
        client(one, "alice") as alice,
        client(other, "bob") as bob,
    ):
        await alice.say("send", id="s-1", to="bob", body=1)
        await alice.hear()
        await bob.hear()
        world.store.wipe()
        for receiver in (alice, bob):
            frame = await receiver.hear()
            assert (frame["type"], frame["recovered"], frame["offset"]) == ("connected", False, 0)
            assert frame["epoch"] == world.store.epoch
        await alice.say("send", id="s-2", to="bob", body=2)
        assert (await alice.hear())["offset"] == 1
        frame = await bob.hear()
        assert (frame["offset"], frame["body"]) == (1, 2)

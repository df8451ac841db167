"""What every inbox promises, on each of its backends."""

import time
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from cluster.errors import EpochChanged
from server.inbox import Inbox, Position, Retention, Stored
from server.inbox_limits import InboxLimits
from tests.contract.stores import Store, envelope, open_store


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with open_store(request, InboxLimits(sessions=8, devices=3)) as opened:
        yield opened


@pytest.fixture
async def inbox(store: Store) -> Inbox:
    opened = store.inbox()
    await opened.open()
    return opened


async def _offsets(inbox: Inbox, user: str = "bob") -> list[int]:
    return [offset for offset, _ in await inbox.read(user, 0, 10_000)]


async def test_messages_are_kept_in_order_without_holes(inbox: Inbox) -> None:
    assert await inbox.append([envelope(1), envelope(2)]) == [Stored(1, 1, ()), Stored(2, 2, ())]
    assert await inbox.append([envelope(3)]) == [Stored(3, 3, ())]
    read = await inbox.read("bob", 0, 10)
    assert read == [(number, envelope(number).tail) for number in (1, 2, 3)]


async def test_an_empty_batch_stores_nothing(inbox: Inbox) -> None:
    assert await inbox.append([]) == []


async def test_users_are_counted_apart_within_a_batch(inbox: Inbox) -> None:
    to = ["bob", "zoë", "bob", "carol", "zoë", "bob"]
    stored = await inbox.append([envelope(n, user) for n, user in enumerate(to, 1)])
    assert [each.offset for each in stored] == [1, 1, 2, 1, 2, 3]
    assert await inbox.heads(["zoë", "nobody", "carol", "bob"]) == [2, 0, 1, 3]


async def test_a_batch_of_a_thousand_is_stored(inbox: Inbox) -> None:
    batch = [envelope(number, f"u{number % 300}") for number in range(1, 1_001)]
    assert [each.offset for each in await inbox.append(batch)] == [
        n // 300 + 1 for n in range(1000)
    ]


async def test_a_thousand_heads_are_read_at_once(inbox: Inbox) -> None:
    await inbox.append([envelope(1, "u0"), envelope(2, "u999"), envelope(3, "u999")])
    heads = await inbox.heads([f"u{number}" for number in range(1_000)])
    assert (heads[0], sum(heads), heads[999]) == (1, 3, 2)
    assert await inbox.heads([]) == []


async def test_any_bytes_come_back_as_they_were(inbox: Inbox) -> None:
    tails = [b'\x00\r\n"\xff', b"", b"x" * 65_536, "zoë".encode()]
    await inbox.append([replace(envelope(n), tail=tail) for n, tail in enumerate(tails, 1)])
    assert [tail for _, tail in await inbox.read("bob", 0, 10)] == tails


async def test_reading_begins_after_an_offset_and_ends_at_a_limit(inbox: Inbox) -> None:
    await inbox.append([envelope(number) for number in range(1, 8)])
    assert [offset for offset, _ in await inbox.read("bob", 2, 3)] == [3, 4, 5]
    assert await inbox.read("bob", 7, 3) == []
    assert await inbox.read("bob", 2**53 - 1, 3) == []
    assert await inbox.read("nobody", 0, 3) == []


# --- repetitions


async def test_a_repeated_send_keeps_its_place(inbox: Inbox) -> None:
    await inbox.append([envelope(1), envelope(2)])
    assert await inbox.append([envelope(2)]) == [Stored(2, 2, (), repeated=True)]
    assert await _offsets(inbox) == [1, 2]


async def test_the_place_of_an_older_repetition_is_not_known(inbox: Inbox) -> None:
    await inbox.append([envelope(1), envelope(2)])
    assert await inbox.append([envelope(1)]) == [Stored(None, 2, (), repeated=True)]
    assert await _offsets(inbox) == [1, 2]


async def test_a_repetition_within_a_batch_is_stored_once(inbox: Inbox) -> None:
    stored = await inbox.append([envelope(1), envelope(1), envelope(2)])
    assert stored == [Stored(1, 1, ()), Stored(1, 1, (), repeated=True), Stored(2, 2, ())]


async def test_numbers_may_skip_but_not_go_back(inbox: Inbox) -> None:
    stored = await inbox.append([envelope(n) for n in (5, 999_999_999_999_999, 6)])
    assert [(each.offset, each.repeated) for each in stored] == [
        (1, False),
        (2, False),
        (None, True),
    ]
    again = await inbox.append([envelope(999_999_999_999_999)])
    assert again == [Stored(2, 2, (), repeated=True)]


async def test_the_same_id_of_another_sender_session_or_recipient_is_new(inbox: Inbox) -> None:
    batch = [
        envelope(1),
        envelope(1, sender="carol"),
        envelope(1, session="t"),
        envelope(1, "dave"),
    ]
    assert [each.repeated for each in await inbox.append(batch)] == [False] * 4


async def test_of_too_many_sessions_the_youngest_are_remembered(inbox: Inbox) -> None:
    for number in range(1, 10):
        await inbox.append([envelope(1, session=f"s{number}")])
    again = [envelope(1, session=f"s{number}") for number in (9, 8, 7, 6, 5, 4)]
    assert [each.offset for each in await inbox.append(again)] == [9, 8, 7, 6, 5, 4]
    (forgotten,) = await inbox.append([envelope(1, session="s1")])
    assert forgotten == Stored(10, 10, ())


async def test_a_session_that_is_used_stays_remembered(inbox: Inbox) -> None:
    for number in range(1, 31):
        batch = [envelope(number, session="busy"), envelope(1, session=f"s{number}")]
        await inbox.append(batch)
    (again,) = await inbox.append([envelope(30, session="busy")])
    assert (again.offset, again.repeated) == (59, True)


# --- looking up


async def test_what_is_not_durable_is_looked_up_only(store: Store, inbox: Inbox) -> None:
    await store.directory("a").add("bob", "c1")
    await inbox.append([envelope(1)])
    stored = await inbox.append([envelope(2, durable=False), envelope(2, "zoë", durable=False)])
    assert stored == [Stored(None, 1, ("a",)), Stored(None, 0, ())]
    assert await _offsets(inbox) == [1]
    # It leaves no trace by which the same number would count as a repetition.
    assert await inbox.append([envelope(2)]) == [Stored(2, 2, ("a",))]


async def test_the_recipient_s_nodes_are_named_once_each(store: Store, inbox: Inbox) -> None:
    await store.directory("a").add_all([("bob", "c1"), ("bob", "c2")])
    await store.directory("b").add("bob", "c3")
    batch = [envelope(1), envelope(1), envelope(1, "nobody")]
    nodes = [each.nodes for each in await inbox.append(batch)]
    assert [sorted(each) for each in nodes] == [["a", "b"], ["a", "b"], []]


# --- positions, acknowledgements, retention


async def test_an_unknown_inbox_is_empty(inbox: Inbox) -> None:
    assert await inbox.position("nobody", "phone") == Position(0, 1, None)


async def test_a_cursor_never_goes_back_nor_beyond_the_head(inbox: Inbox) -> None:
    await inbox.append([envelope(number) for number in (1, 2, 3)])
    seen = []
    for offset in (2, 1, 99):
        await inbox.acknowledge("bob", "phone", offset)
        seen.append(await inbox.position("bob", "phone"))
    assert seen == [Position(3, 3, 2), Position(3, 3, 2), Position(3, 4, 3)]


async def test_acknowledging_nothing_makes_a_cursor(inbox: Inbox) -> None:
    await inbox.append([envelope(1)])
    await inbox.acknowledge("bob", "phone", 0)
    assert await inbox.position("bob", "phone") == Position(1, 1, 0)


async def test_what_all_devices_have_is_dropped(inbox: Inbox) -> None:
    await inbox.append([envelope(number) for number in range(1, 6)])
    await inbox.acknowledge("bob", "laptop", 0)
    await inbox.acknowledge("bob", "phone", 4)
    assert await _offsets(inbox) == [1, 2, 3, 4, 5]
    await inbox.acknowledge("bob", "laptop", 3)
    assert await _offsets(inbox) == [4, 5]
    assert await inbox.position("bob", "laptop") == Position(5, 4, 3)


async def test_a_device_keeps_what_it_lacks_from_its_first_connect_on(inbox: Inbox) -> None:
    await inbox.append([envelope(1), envelope(2)])
    assert await inbox.position("bob", "phone") == Position(2, 1, None)
    assert await inbox.position("bob", "laptop", 1) == Position(2, 1, None)
    await inbox.append([envelope(3)])
    await inbox.acknowledge("bob", "tablet", 3)
    assert await _offsets(inbox) == [2, 3]
    assert await inbox.position("bob", "phone") == Position(3, 2, 2)
    assert await inbox.position("bob", "laptop", 3) == Position(3, 2, 1)


async def test_the_furthest_device_counts_as_the_reader(inbox: Inbox) -> None:
    await inbox.append([envelope(1), envelope(2), envelope(3, "carol")])
    await inbox.position("bob", "tablet")
    await inbox.position("carol", "phone", 1)
    assert await inbox.acknowledged(["bob", "carol"]) == [0, 0]
    await inbox.acknowledge("bob", "phone", 2)
    await inbox.acknowledge("bob", "laptop", 1)
    await inbox.acknowledge("carol", "phone", 1)
    assert await inbox.acknowledged(["bob", "nobody", "carol"]) == [2, 0, 1]


async def test_a_head_that_went_back_is_raised_and_never_lowered(inbox: Inbox) -> None:
    await inbox.append([envelope(1)])
    assert await inbox.raise_head("bob", 7)
    assert not await inbox.raise_head("bob", 3)
    assert await inbox.heads(["bob"]) == [7]
    assert [each.offset for each in await inbox.append([envelope(2)])] == [8]


async def test_an_alarm_reaches_every_node(store: Store) -> None:
    first, second = store.inbox(), store.inbox()
    await first.open()
    await second.open()
    assert (await first.alarms(), await second.alarms()) == (0, 0)
    await first.raise_alarm()
    await second.raise_alarm()
    assert (await first.alarms(), await second.alarms()) == (2, 2)


async def test_offsets_go_on_after_everything_was_dropped(inbox: Inbox) -> None:
    await inbox.append([envelope(1), envelope(2)])
    await inbox.acknowledge("bob", "phone", 2)
    assert await inbox.position("bob", "phone") == Position(2, 3, 2)
    assert await inbox.append([envelope(3)]) == [Stored(3, 3, ())]
    assert await _offsets(inbox) == [3]


async def test_of_too_many_devices_the_furthest_behind_is_forgotten(inbox: Inbox) -> None:
    await inbox.append([envelope(number) for number in range(1, 6)])
    for device, offset in (("a", 2), ("b", 1), ("c", 3), ("d", 1)):
        await inbox.acknowledge("bob", device, offset)
    cursors = [(await inbox.position("bob", device)).cursor for device in "abcdb"]
    assert cursors == [2, None, 3, 1, None]
    await inbox.acknowledge("bob", "d", 5)
    assert await _offsets(inbox) == [3, 4, 5]


async def test_an_inbox_keeps_at_least_its_count_and_not_much_more(store: Store) -> None:
    inbox = store.inbox(Retention(count=100))
    await inbox.open()
    for start in range(1, 1_001, 250):
        await inbox.append([envelope(number) for number in range(start, start + 250)])
    position = await inbox.position("bob", "phone")
    assert position.head == 1_000
    assert 801 <= position.oldest <= 901
    assert await _offsets(inbox) == list(range(position.oldest, 1_001))


@pytest.mark.parametrize("old", [0, 1, 2, 5, 9, 10])
async def test_what_is_too_old_is_dropped_when_a_device_connects(store: Store, old: int) -> None:
    inbox = store.inbox(Retention(age=100.0))
    await inbox.open()
    now = time.time()
    ages = [200.0] * old + [10.0] * (10 - old)
    await inbox.append([envelope(n, time=now - age) for n, age in enumerate(ages, 1)])
    assert await inbox.position("bob", "phone") == Position(10, old + 1, None)
    assert await _offsets(inbox) == list(range(old + 1, 11))


async def test_a_name_that_looks_like_a_time_does_not_count(store: Store) -> None:
    inbox = store.inbox(Retention(age=100.0))
    await inbox.open()
    await inbox.append([envelope(1, sender='x","time":1,"', time=time.time())])
    assert (await inbox.position("bob", "phone")).oldest == 1


# --- epochs


async def test_every_node_works_in_the_same_epoch(store: Store) -> None:
    first, second = store.inbox(), store.inbox()
    assert await first.open()
    assert await second.open()
    assert not await first.open()
    assert first.epoch == second.epoch != ""


async def test_nothing_is_done_in_an_epoch_that_is_over(store: Store, inbox: Inbox) -> None:
    await inbox.append([envelope(1)])
    before = inbox.epoch
    await store.wipe()
    for work in (
        inbox.append([envelope(2)]),
        inbox.acknowledge("bob", "phone", 1),
        inbox.position("bob", "phone"),
        inbox.read("bob", 0, 10),
        inbox.heads(["bob"]),
        inbox.alarms(),
    ):
        with pytest.raises(EpochChanged) as raised:
            await work
        assert raised.value.expected == before
        assert raised.value.found != before
    assert await inbox.open()
    assert await inbox.position("bob", "phone") == Position(0, 1, None)


async def test_an_epoch_that_another_node_began_is_noticed(store: Store, inbox: Inbox) -> None:
    await store.wipe()
    other = store.inbox()
    await other.open()
    await other.append([envelope(1)])
    with pytest.raises(EpochChanged) as raised:
        await inbox.append([envelope(2)])
    assert raised.value.found == other.epoch
    assert await _offsets(other) == [1]


async def test_an_inbox_that_was_not_opened_refuses_to_work(store: Store) -> None:
    with pytest.raises(EpochChanged):
        await store.inbox().append([envelope(1)])

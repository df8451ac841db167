"""What every directory promises, on each of its backends."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.directory import Directory, nodes_of
from tests.contract.stores import Store, open_store


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with open_store(request) as opened:
        yield opened


@pytest.fixture
def a(store: Store) -> Directory:
    return store.directory("a")


@pytest.fixture
def b(store: Store) -> Directory:
    return store.directory("b")


async def test_a_stranger_has_no_channels(a: Directory) -> None:
    assert await a.lookup(["nobody"]) == [{}]
    assert await a.lookup([]) == []


async def test_channels_are_found_from_every_node(a: Directory, b: Directory) -> None:
    await a.add("bob", "c1")
    await b.add("bob", "c2")
    await b.add("zoë {x}", "c3")
    found = await a.lookup(["zoë {x}", "bob", "nobody"])
    assert found == [{"c3": "b"}, {"c1": "a", "c2": "b"}, {}]


async def test_adding_twice_is_adding_once(a: Directory) -> None:
    await a.add("bob", "c1")
    await a.add("bob", "c1")
    assert await a.lookup(["bob"]) == [{"c1": "a"}]


async def test_many_channels_are_added_at_once(a: Directory) -> None:
    users = [f"u{number}" for number in range(1_100)]
    await a.add_all((user, f"c-{user}") for user in users)
    await a.add_all([])
    assert await a.lookup(users) == [{f"c-{user}": "a"} for user in users]


async def test_a_removed_channel_is_gone_and_others_stay(a: Directory) -> None:
    await a.add_all([("bob", "c1"), ("bob", "c2")])
    await a.remove("bob", "c1", last=False)
    assert await a.lookup(["bob"]) == [{"c2": "a"}]
    await a.remove("bob", "c2", last=True)
    await a.remove("bob", "c2", last=True)
    assert await a.lookup(["bob"]) == [{}]


async def test_a_node_removes_its_own_channels_only(a: Directory, b: Directory) -> None:
    await b.add("bob", "c1")
    await a.remove("bob", "c1", last=True)
    assert await a.lookup(["bob"]) == [{"c1": "b"}]
    assert await a.sweep("b") == 1


async def test_incarnations_are_known_until_they_are_swept(a: Directory, b: Directory) -> None:
    await a.register_node()
    await b.register_node()
    await b.register_node()
    assert await a.incarnations() == {"a", "b"}
    await a.sweep("b")
    assert await a.incarnations() == {"a"}


async def test_a_sweep_removes_the_dead_node_s_channels(a: Directory, b: Directory) -> None:
    users = [f"u{number}" for number in range(1_100)]
    await b.add_all((user, "c1") for user in users)
    await a.add("u7", "c2")
    assert await a.sweep("b") == 1_100
    assert await a.lookup(["u6", "u7"]) == [{}, {"c2": "a"}]
    assert await a.sweep("b") == 0


async def test_a_sweep_leaves_a_newer_login_alone(a: Directory, b: Directory) -> None:
    await b.add("bob", "c1")
    await a.add("bob", "c1")
    assert await a.sweep("b") == 0
    assert await a.lookup(["bob"]) == [{"c1": "a"}]


async def test_sweeping_an_unknown_node_does_nothing(a: Directory) -> None:
    await a.add("bob", "c1")
    assert await a.sweep("never seen") == 0
    assert await a.lookup(["bob"]) == [{"c1": "a"}]


async def test_two_sweeps_at_once_do_the_work_once(store: Store, a: Directory) -> None:
    await store.directory("dead").add_all((f"u{number}", "c1") for number in range(1_100))
    await a.add("u1", "c2")
    sweeps = [a.sweep("dead"), store.directory("b").sweep("dead"), a.add("u2", "c3")]
    first, second, _ = await asyncio.gather(*sweeps)
    assert (first or 0) + (second or 0) == 1_100
    assert await a.lookup(["u1", "u2", "u3"]) == [{"c2": "a"}, {"c3": "a"}, {}]


async def test_a_channel_added_after_the_sweep_is_swept_again(a: Directory, b: Directory) -> None:
    await b.add("bob", "c1")
    await a.sweep("b")
    await b.add("bob", "c2")
    assert await a.sweep("b") == 1


def test_the_nodes_of_a_user_are_named_once() -> None:
    assert nodes_of({"c1": "a", "c2": "b", "c3": "a"}) == ("a", "b")


async def test_whoever_enters_a_channel_is_among_the_incarnations(
    a: Directory, b: Directory
) -> None:
    """A node that was swept while it lived would otherwise leave channels that no sweep finds."""
    await a.register_node()
    assert await a.is_registered()
    await b.sweep("a")
    assert not await a.is_registered()
    await a.add("bob", "c1")
    assert await a.is_registered()
    assert "a" in await b.incarnations()


async def test_a_sweep_ends_when_the_node_turns_out_to_live(a: Directory, b: Directory) -> None:
    await a.register_node()
    await a.add("bob", "c1")
    assert await b.sweep("a", lambda: False) == 0
    assert await b.lookup(["bob"]) == [{"c1": "a"}]
    assert await a.is_registered()

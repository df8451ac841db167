"""The hub: who is connected here, and one write a turn for each of them."""

from __future__ import annotations

from collections.abc import Callable

from cluster.frames import Status
from server.batch import NOT_STORED
from server.hub import Hub
from tests.server.lines import Line


class Deck:
    """A hub whose event loop is turned by the test."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.hub = Hub(self.calls.append)

    def open(self, user: str = "alice") -> Line:
        """Open a channel and connect it as a user."""
        line = Line()
        line.channel.user = user
        line.channel._mark_dirty = self.hub.mark_dirty
        self.hub.opened(line.channel)
        self.hub.add(line.channel)
        return line

    def turn(self) -> None:
        """Run what is due."""
        calls, self.calls[:] = self.calls[:], []
        for call in calls:
            call()


async def test_a_message_goes_to_all_channels_of_its_user() -> None:
    deck = Deck()
    phone, laptop, other = deck.open(), deck.open(), deck.open("bob")
    deck.hub.deliver("alice", 1, b'{"n":1}')
    deck.hub.deliver("nobody", 1, b'{"n":1}')
    deck.turn()
    assert phone.peer.messages() == laptop.peer.messages() == [{"n": 1}]
    assert other.peer.messages() == []


async def test_an_empty_payload_makes_the_channels_look() -> None:
    deck = Deck()
    line = deck.open()
    deck.hub.deliver("alice", 3, b"")
    deck.turn()
    assert line.channel.sequence.head == 3
    assert line.node.lacking == 1
    assert line.peer.messages() == []


async def test_one_turn_is_one_flush() -> None:
    deck = Deck()
    line = deck.open()
    for offset in (1, 2, 3):
        deck.hub.deliver("alice", offset, b'{"n":%d}' % offset)
    deck.hub.deliver("alice", NOT_STORED, b'{"n":0}')
    assert len(deck.calls) == 1
    assert line.peer.messages() == []
    deck.turn()
    assert [frame["n"] for frame in line.peer.messages()] == [1, 2, 3, 0]
    deck.hub.deliver("alice", 4, b'{"n":4}')
    deck.turn()
    assert line.peer.messages() == [{"n": 4}]


async def test_the_last_channel_of_a_user_is_told_apart() -> None:
    deck = Deck()
    one, other = deck.open(), deck.open()
    assert not deck.hub.remove(one.channel)
    assert not deck.hub.remove(one.channel)
    assert deck.hub.remove(other.channel)
    assert not deck.hub.remove(other.channel)
    assert deck.hub.users == {}


async def test_it_knows_when_it_is_empty() -> None:
    deck = Deck()
    assert deck.hub.empty.is_set()
    one, other = deck.open(), deck.open()
    deck.hub.ended(one.channel)
    assert not deck.hub.empty.is_set()
    deck.hub.ended(other.channel)
    assert deck.hub.empty.is_set()
    assert deck.hub.channels == set()


async def test_everybody_who_is_connected_is_told() -> None:
    deck = Deck()
    lines = [deck.open(), deck.open("bob")]
    waiting = Line(connected=False)
    deck.hub.opened(waiting.channel)
    await deck.hub.tell_all(Status(degraded=("RabbitMQ",)))
    deck.turn()
    for line in lines:
        assert line.peer.messages() == [{"type": "status", "degraded": ["RabbitMQ"]}]
    assert waiting.heard() == []

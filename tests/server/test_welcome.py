"""The welcome: what a client is told when it begins, and when it has to begin anew."""

from __future__ import annotations

from server.degradation import Degradation
from server.inbox import Retention
from server.inbox_memory import MemoryInbox
from server.memory_store import MemoryStore
from server.welcome import Welcome
from tests.server.faults import FaultyInbox
from tests.server.lines import Line, message


class Hall:
    """A welcome for a client of alice, in whose inbox offsets 3 to 5 are kept."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        inbox = self.store.inbox("alice")
        for number in range(5):
            inbox.append(b"%d" % number)
        inbox.drop_before(3)
        self.inbox = FaultyInbox(MemoryInbox(self.store, Retention()))
        self.degradation = Degradation()
        self.welcome = Welcome("n1", self.inbox, self.degradation, 25.0)
        self.line = Line()


async def test_it_says_where_the_client_stands() -> None:
    hall = Hall()
    hall.welcome.say(hall.line.channel, "e1", 7, recovered=True)
    [frame] = hall.line.heard()
    assert (frame["type"], frame["epoch"], frame["offset"]) == ("connected", "e1", 7)
    assert (frame["node"], frame["channel"], frame["heartbeat"]) == ("n1", "c1", 25.0)
    assert frame["recovered"] is True


async def test_it_says_what_is_away() -> None:
    hall = Hall()
    hall.degradation.set("RabbitMQ", True)
    hall.welcome.say(hall.line.channel, "e1", 7, recovered=True)
    assert hall.line.heard()[1] == {"type": "status", "degraded": ["RabbitMQ"]}


async def test_what_is_gone_is_passed_over_and_said() -> None:
    hall = Hall()
    hall.line.channel.sequence.begin(0, 5)
    hall.welcome.skip(hall.line.channel, 2)
    [frame] = hall.line.heard()
    assert (frame["epoch"], frame["offset"], frame["recovered"]) == ("e1", 2, False)
    assert hall.line.channel.sequence.next == 3
    assert hall.line.node.lacking == 1


async def test_beginning_anew_starts_with_the_oldest_there_is() -> None:
    hall = Hall()
    await hall.inbox.open()
    hall.line.channel.sequence.begin(100, 100)
    await hall.welcome.begin_anew(hall.line.channel)
    [frame] = hall.line.heard()
    assert (frame["offset"], frame["recovered"]) == (2, False)
    assert hall.line.channel.sequence.next == 3
    assert hall.line.node.lacking == 1, "offsets 3 to 5 have to be read"


async def test_what_comes_while_it_begins_anew_is_not_forgotten() -> None:
    hall = Hall()
    await hall.inbox.open()
    channel = hall.line.channel
    channel.sequence.begin(100, 100)
    channel.sequence.forget()
    hall.inbox.meanwhile = lambda: channel.deliver(6, message(6))
    await hall.welcome.begin_anew(channel)
    assert channel.sequence.head == 6

"""What only the memory inbox does; the rest stands in `tests/contract/test_inbox.py`."""

from cluster.frames import message_tail
from server.envelope import Envelope
from server.inbox import Retention
from server.inbox_memory import MemoryInbox
from server.memory_store import MemoryStore


async def test_messages_are_dropped_when_their_age_has_passed() -> None:
    now = 1_000.0
    inbox = MemoryInbox(MemoryStore(), Retention(age=60.0), clock=lambda: now)
    await inbox.open()
    await inbox.append([_envelope(1, b'"time":7', 1_000.0), _envelope(2, b"2", 1_030.0)])
    assert (await inbox.position("bob", "phone")).oldest == 1
    now = 1_061.0
    assert (await inbox.position("bob", "phone")).oldest == 2
    now = 1_091.0
    assert (await inbox.position("bob", "phone")).oldest == 3


async def test_a_tail_without_a_time_is_kept() -> None:
    inbox = MemoryInbox(MemoryStore(), Retention(age=1.0), clock=lambda: 1e9)
    await inbox.open()
    await inbox.append([Envelope("bob", "alice", "s-1", "s", 1, b"rubbish")])
    assert (await inbox.position("bob", "phone")).oldest == 1


async def test_asking_about_strangers_takes_no_memory() -> None:
    store = MemoryStore()
    inbox = MemoryInbox(store)
    await inbox.open()
    await inbox.read("bob", 0, 10)
    await inbox.acknowledged(["bob"])
    await inbox.heads(["bob", "carol"])
    await inbox.append([Envelope("bob", "alice", "s-1", "s", 1, b"{}", durable=False)])
    assert store.inboxes == {}


def _envelope(number: int, body: bytes, time: float) -> Envelope:
    tail = message_tail('the "time":1 teller', f"s-{number}", time, body)
    return Envelope("bob", "alice", f"s-{number}", "s", number, tail)

"""Inboxes against a model that is too simple to be wrong: random sends, retries and cursors."""

import asyncio
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from server.envelope import Envelope
from server.inbox import Inbox, Position, Stored
from server.inbox_memory import MemoryInbox
from server.memory_store import MemoryStore
from tests.contract.stores import envelope, open_redis_store
from tests.services.leftovers import remove_keys

USERS = ("bob", "zoë")
DEVICES = ("phone", "laptop")


class Ack(NamedTuple):
    """A device acknowledges."""

    user: str
    device: str
    offset: int


envelopes = st.builds(
    envelope,
    st.integers(1, 6),
    st.sampled_from(USERS),
    sender=st.sampled_from(("alice", "al/ice")),
    session=st.sampled_from(("s", "t")),
    durable=st.sampled_from((True, True, True, False)),
)
batches = st.lists(envelopes, min_size=1, max_size=8)
acks = st.builds(Ack, st.sampled_from(USERS), st.sampled_from(DEVICES), st.integers(0, 12))
histories = st.lists(st.one_of(batches, acks), max_size=12)


@dataclass
class ModelInbox:
    """One user's messages, all of them, and who has read how far."""

    tails: list[bytes] = field(default_factory=list)
    last: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)
    dropped: int = 0

    def append(self, sent: Envelope) -> Stored:
        if not sent.durable:
            return Stored(None, len(self.tails), ())
        key = (sent.sender, sent.session)
        number, offset = self.last.get(key, (0, 0))
        if sent.number <= number:
            known = offset if sent.number == number else None
            return Stored(known, len(self.tails), (), repeated=True)
        self.tails.append(sent.tail)
        self.last[key] = (sent.number, len(self.tails))
        return Stored(len(self.tails), len(self.tails), ())

    def acknowledge(self, device: str, offset: int) -> None:
        before = self.cursors.get(device, 0)
        self.cursors[device] = max(before, min(offset, len(self.tails)))
        self.dropped = max(self.dropped, min(self.cursors.values()))

    def position(self, device: str) -> Position:
        return Position(len(self.tails), self.dropped + 1, self.cursors.get(device))

    def kept(self) -> list[tuple[int, bytes]]:
        return list(enumerate(self.tails, 1))[self.dropped :]


async def _compare(inbox: Inbox, history: list[list[Envelope] | Ack]) -> None:
    await inbox.open()
    model: defaultdict[str, ModelInbox] = defaultdict(ModelInbox)
    for step in history:
        if isinstance(step, Ack):
            model[step.user].acknowledge(step.device, step.offset)
            await inbox.acknowledge(*step)
        else:
            expected = [model[sent.recipient].append(sent) for sent in step]
            assert await inbox.append(step) == expected
    for user in USERS:
        assert await inbox.read(user, 0, 1_000) == model[user].kept()
        for device in DEVICES:
            assert await inbox.position(user, device) == model[user].position(device)
    assert await inbox.heads(USERS) == [len(model[user].tails) for user in USERS]


async def _compare_in_redis(url: str, history: list[list[Envelope] | Ack]) -> None:
    cluster = f"t{uuid.uuid4().hex[:8]}"
    try:
        async with open_redis_store(url, cluster) as store:
            await _compare(store.inbox(), history)
    finally:
        remove_keys(url, cluster)


@given(histories)
@settings(max_examples=200)
def test_the_memory_inbox_does_as_the_model(history: list[list[Envelope] | Ack]) -> None:
    asyncio.run(_compare(MemoryInbox(MemoryStore()), history))


@given(history=histories)
@settings(max_examples=40)
def test_the_redis_inbox_does_as_the_model(
    redis_url: str, history: list[list[Envelope] | Ack]
) -> None:
    asyncio.run(_compare_in_redis(redis_url, history))

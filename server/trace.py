"""The trace: a message's way through one node, found in its journal. Pure.

An event is what is told of one moment of the way. Where the message stands is its *place*: epoch,
recipient and offset. What only says the place (acknowledgements, reads of the inbox) is found by
it, so a node that has never seen the message itself has to be told the place by one that has.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from server.batch import NOT_STORED, InvalidBatch, Item, decode_batch
from server.envelope import Envelope
from server.inbox import Stored
from server.journal import (
    Acknowledged,
    Came,
    Entry,
    FailedBatch,
    InboxRead,
    Left,
    PublishedBatch,
    ReceivedBatch,
    StoredBatch,
)

Kind: TypeAlias = Literal[
    "taken",
    "stored",
    "repeated",
    "passed_on",
    "failed",
    "published",
    "unpublished",
    "received",
    "connected",
    "fetched",
    "repaired",
    "delivered",
    "acknowledged",
]


class Place(NamedTuple):
    """Where a stored message stands."""

    epoch: str
    user: str
    offset: int


class OpenChannel(NamedTuple):
    """A channel that is open now, and the offset that it gets next."""

    id: str
    device: str
    next: int


class Event(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"sender": "from"}
):
    """What happened to a message at one moment; what is not known or not meant is left out.

    Attributes:
        time: in seconds since 1970, to the millisecond, by the clock of the node.
        event: `taken` from its sender; `stored`, `repeated` (it was stored before), `passed_on`
            (it is not durable) or `failed`; `published` or `unpublished` on the bus; `received`
            from it; `connected`, the channel that fetches it afterwards; `fetched`, a channel got
            what had waited for it; `repaired`, a channel got out of the inbox what should have
            come by itself; `delivered` to a channel; `acknowledged` by a device.
        to: the recipient.
        sender: who sent it (`from` in JSON).
        epoch: what `offset` is counted in.
        offset: its place in the recipient's inbox; None if it is not stored, or not known.
        nodes: where the recipient had channels, by the directory; of `published`, who it was for,
            empty for all.
        device: whose.
        channel: which.
        up_to: the offset that was acknowledged; None for other events.
        reason: why it failed.
    """

    time: float
    event: Kind
    to: str
    sender: str = ""
    epoch: str = ""
    offset: int | None = None
    nodes: tuple[str, ...] = ()
    device: str = ""
    channel: str = ""
    up_to: int | None = None
    reason: str = ""

    @property
    def place(self) -> Place | None:
        """Where the message stands; None if this event does not say it."""
        return None if self.offset is None else Place(self.epoch, self.to, self.offset)


class _Head(msgspec.Struct, rename={"sender": "from"}):
    """What is looked at in a `message` frame."""

    id: str
    sender: str
    time: float


_heads = msgspec.json.Decoder(_Head)


def trace(
    entries: Sequence[Entry],
    id: str,
    places: Iterable[Place],
    open_channels: Callable[[str], Iterable[OpenChannel]],
) -> list[Event]:
    """Return what happened to a message, in order.

    Args:
        entries: the journal, the oldest first.
        id: the message's, as its sender gave it.
        places: where other nodes say that it stands.
        open_channels: returns the channels that a user has on this node now.
    """
    sightings = [(at, event) for at, entry in enumerate(entries) for event in _seen(entry, id)]
    known = {*places, *(event.place for _, event in sightings if event.place is not None)}
    fates = [event for place in sorted(known) for event in _fate(entries, place)]
    events = [event for _, event in sightings]
    events += _delivered(entries, sightings, fates, open_channels) + fates
    # The time at which it was taken is in the message, in whole milliseconds: it stays the first.
    events = [msgspec.structs.replace(event, time=round(event.time, 3)) for event in events]
    return sorted(events, key=lambda event: event.time)


def _seen(entry: Entry, id: str) -> Iterator[Event]:
    """Yield what an entry says of the message itself."""
    if isinstance(entry, StoredBatch) and id.encode() in entry.batch:
        for envelope, result in entry.pairs():
            if envelope.id == id:
                yield _taken(envelope)
                yield _stored(entry, envelope, result)
    elif isinstance(entry, FailedBatch) and id.encode() in entry.batch:
        for envelope in entry.envelopes():
            if envelope.id == id:
                yield _taken(envelope)
                yield Event(
                    time=entry.time,
                    event="failed",
                    to=envelope.recipient,
                    sender=envelope.sender,
                    reason=entry.reason,
                )
    elif isinstance(entry, PublishedBatch):
        kind: Kind = "published" if entry.taken else "unpublished"
        nodes = tuple(sorted(entry.nodes or ()))
        for event in _in_batch(entry.time, entry.batch, id, kind):
            yield msgspec.structs.replace(event, nodes=nodes)
    elif isinstance(entry, ReceivedBatch):
        yield from _in_batch(entry.time, entry.batch, id, "received")


def _taken(envelope: Envelope) -> Event:
    return Event(
        time=_heads.decode(b"{" + envelope.tail).time,
        event="taken",
        to=envelope.recipient,
        sender=envelope.sender,
    )


def _stored(entry: StoredBatch, envelope: Envelope, result: Stored) -> Event:
    kind: Kind = "repeated" if result.repeated else "stored"
    return Event(
        time=entry.time,
        event=kind if envelope.durable else "passed_on",
        to=envelope.recipient,
        sender=envelope.sender,
        epoch=entry.epoch,
        offset=result.offset if envelope.durable else None,
        nodes=tuple(sorted(result.nodes)),
    )


def _in_batch(time: float, data: bytes, id: str, kind: Kind) -> Iterator[Event]:
    """Yield an event for each item of a batch that is the message; most are not decoded."""
    quoted = b'"id":"%b"' % id.encode()
    if quoted not in data:
        return
    try:
        batch = decode_batch(data)
        found = [item for item in batch.items() if quoted in item.payload]
    except InvalidBatch:
        return  # a part of it was delivered, and the rest counted, when it came
    for item in found:
        head = _heads.decode(item.payload)
        if head.id == id:
            yield _item_event(time, batch.epoch, item, head.sender, kind)


def _item_event(time: float, epoch: str, item: Item, sender: str, kind: Kind) -> Event:
    offset = None if item.offset == NOT_STORED else item.offset
    return Event(time=time, event=kind, to=item.user, sender=sender, epoch=epoch, offset=offset)


def _fate(entries: Sequence[Entry], place: Place) -> Iterator[Event]:
    """Yield who read a place out of the inbox, and the first acknowledgement of each device."""
    came: dict[str, Came] = {}
    acknowledged: set[str] = set()
    for entry in entries:
        if isinstance(entry, Came) and entry.user == place.user:
            came[entry.channel] = entry
        elif isinstance(entry, InboxRead) and _covers(entry, place):
            waited = place.offset <= entry.head
            connected = came.pop(entry.channel, None)
            if waited and connected is not None:
                yield _at(place, connected.time, "connected", entry.device, entry.channel)
            kind: Kind = "fetched" if waited else "repaired"
            yield _at(place, entry.time, kind, entry.device, entry.channel)
        elif isinstance(entry, Acknowledged):
            for (user, device, epoch), offset in entry.offsets.items():
                if (epoch, user) == place[:2] and offset >= place.offset:
                    if device not in acknowledged:
                        yield _at(place, entry.time, "acknowledged", device, up_to=offset)
                    acknowledged.add(device)


def _covers(entry: InboxRead, place: Place) -> bool:
    return (entry.epoch, entry.user) == place[:2] and entry.first <= place.offset <= entry.last


def _at(
    place: Place,
    time: float,
    kind: Kind,
    device: str,
    channel: str = "",
    up_to: int | None = None,
) -> Event:
    return Event(
        time=time,
        event=kind,
        to=place.user,
        epoch=place.epoch,
        offset=place.offset,
        device=device,
        channel=channel,
        up_to=up_to,
    )


def _delivered(
    entries: Sequence[Entry],
    sightings: Sequence[tuple[int, Event]],
    fates: Sequence[Event],
    open_channels: Callable[[str], Iterable[OpenChannel]],
) -> list[Event]:
    """Return to which channels the message went when it came, for each of them once.

    Nobody notes that: it would cost something for each message. But who was connected then follows
    from who is now, and from who came and left since. Who got it out of the inbox later had not got
    it then, and neither has a channel that still waits for that offset.
    """
    later = {(event.channel, event.place) for event in fates if event.channel}
    delivered: dict[tuple[str, Place | None], Event] = {}
    for at, seen in sightings:
        if seen.event not in ("stored", "repeated", "passed_on", "received"):
            continue
        for channel in _channels_at(entries, at, seen.to, open_channels(seen.to)):
            key = (channel.id, seen.place)
            waits = seen.offset is not None and channel.next <= seen.offset
            if not waits and key not in later and key not in delivered:
                delivered[key] = msgspec.structs.replace(
                    seen, event="delivered", nodes=(), device=channel.device, channel=channel.id
                )
    return list(delivered.values())


def _channels_at(
    entries: Sequence[Entry], at: int, user: str, now: Iterable[OpenChannel]
) -> list[OpenChannel]:
    """Return a user's channels as they were at an entry, going back from those of now."""
    channels = {channel.id: channel for channel in now}
    for entry in reversed(entries[at + 1 :]):
        if isinstance(entry, Came) and entry.user == user:
            channels.pop(entry.channel, None)
        elif isinstance(entry, Left) and entry.user == user:
            # How far it had come is not known; it is taken to have got what came.
            channels[entry.channel] = OpenChannel(entry.channel, entry.device, 2**63)
    return list(channels.values())

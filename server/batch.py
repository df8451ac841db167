"""The batch: what goes over the bus, many messages in one publish.

Pure. It is laid out so that a node finds out with one look at the recipients whether the batch
concerns it, and skips the payloads undecoded if it does not.
"""

from collections.abc import Iterator, Sequence

import msgspec

from cluster.errors import ClusterError

# A broker handles larger messages, but one that is fanned out to every node should stay small.
MAX_BATCH_BYTES = 128 * 1024

# What an item takes beside its user and its payload: an offset, and the lengths of the two.
_ITEM_OVERHEAD = 16

# In a batch: the message has no offset, since it was not stored.
NOT_STORED = 0


class InvalidBatch(ClusterError):
    """Bytes from the bus that are no batch."""


class Item(msgspec.Struct, frozen=True, gc=False):
    """One message in a batch.

    Attributes:
        user: the recipient.
        offset: its place in the inbox, or `NOT_STORED`.
        payload: the whole `message` frame; empty to say no more than "look up to this offset".
    """

    user: str
    offset: int
    payload: bytes


class _Layout(msgspec.Struct, array_like=True, frozen=True):
    v: int
    node_id: str
    epoch: str
    users: list[str]
    offsets: list[int]
    payloads: msgspec.Raw


class Batch(_Layout, frozen=True, array_like=True):
    """A decoded batch; its payloads are still bytes of their own.

    Attributes:
        node_id: the node that published it.
        epoch: the epoch in which its offsets were given.
        users: the recipients, one for each message.
    """

    def items(self) -> Iterator[Item]:
        """Decode the payloads and yield each message.

        Raises:
            InvalidBatch: they do not fit the recipients.
        """
        try:
            payloads = _payloads.decode(self.payloads)
        except msgspec.DecodeError as exc:
            raise InvalidBatch(str(exc)) from exc
        if not len(payloads) == len(self.users) == len(self.offsets):
            raise InvalidBatch("users, offsets and payloads are not equally many")
        return map(Item, self.users, self.offsets, payloads)


_encoder = msgspec.msgpack.Encoder()
_batches = msgspec.msgpack.Decoder(Batch)
_payloads = msgspec.msgpack.Decoder(list[bytes])


def encode_batch(node_id: str, epoch: str, items: Sequence[Item]) -> bytes:
    """Write a batch."""
    users = [item.user for item in items]
    offsets = [item.offset for item in items]
    payloads = msgspec.Raw(_encoder.encode([item.payload for item in items]))
    return _encoder.encode((1, node_id, epoch, users, offsets, payloads))


def decode_batch(data: bytes) -> Batch:
    """Read a batch, without its payloads.

    Raises:
        InvalidBatch: it is none, or of another version.
    """
    try:
        batch = _batches.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise InvalidBatch(str(exc)) from exc
    if batch.v != 1:
        raise InvalidBatch(f"version {batch.v} is not known here")
    return batch


def split_items(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Cut a list of messages into runs that each make a batch of about `MAX_BATCH_BYTES`."""
    start = size = 0
    for index, item in enumerate(items):
        # A name has at most four bytes a character, but hardly ever more than one.
        own = len(item.payload) + len(item.user) + _ITEM_OVERHEAD
        if size and size + own > MAX_BATCH_BYTES:
            yield items[start:index]
            start, size = index, 0
        size += own
    if start < len(items):
        yield items[start:]

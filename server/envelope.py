"""The envelope: one message on its way from a channel to a user's inbox."""

import msgspec


class Envelope(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One message on its way; made once, handed on unchanged.

    A struct, since one is made for every message, and a frozen dataclass takes five times as long.
    It can be in no reference cycle, so the garbage collector need not know of it.

    Attributes:
        recipient: the user it is for.
        sender: the user who sent it, as authenticated.
        id: the id that the sender gave it, `<session>-<number>`.
        session: the first part of the id: one life of a sender's SDK.
        number: the second part; it grows within a session.
        tail: the `message` frame without its offset, from `cluster.frames.message_tail`.
        durable: False to look the recipient up only, without storing.
        receipt: the sender wants to know when a device has acknowledged it.
    """

    recipient: str
    sender: str
    id: str
    session: str
    number: int
    tail: bytes
    durable: bool = True
    receipt: bool = False

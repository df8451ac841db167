"""What the application sees of messages: one received, and the confirmation of one sent. Pure."""

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import msgspec

from client_sdk.deep import on_fresh_stack
from client_sdk.errors import InvalidBody
from cluster import frames

# What became of a message: a device of the recipient has acknowledged it, or it waits.
ReceiptStatus = Literal["delivered", "stored"]

# A node reads JSON of about a thousand levels; a frame that it can't read gets no answer.
_MAX_LEVELS = 900
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKET = re.compile(rb"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Message:
    """A message that has arrived.

    Attributes:
        sender: the user who sent it.
        body: what was sent, as JSON types.
        offset: its place in this user's inbox; None if it was not stored (`durable=False`).
        id: the id that the sender's client gave it.
        time: when a node took it, in seconds since the epoch.
    """

    sender: str
    body: Any
    offset: int | None
    id: str
    time: float


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is stored for its recipient.

    Attributes:
        id: the id that it was sent with.
        offset: its place in the recipient's inbox; None if it was not stored (`durable=False`), or
            had been stored earlier so that the place is no longer known.
        receipt: `delivered` if a device of the recipient has acknowledged it, `stored` if that is
            not known to have happened; None if no receipt was asked for.
    """

    id: str
    offset: int | None
    receipt: ReceiptStatus | None = None


def decode_message(frame: frames.Message) -> Message:
    """Turn a frame into a message."""
    return Message(frame.sender, decode_body(frame.body), frame.offset, frame.id, frame.time)


def decode_body(body: msgspec.Raw) -> Any:
    """Read a body that a node has found to be JSON; a number beyond all floats is infinite.

    Nodes don't look at the numbers of a body. So whatever they are, none may keep the application
    from its messages; JavaScript reads such a number in the same way.
    """
    try:
        return _decode(body)
    except RecursionError:
        return on_fresh_stack(partial(_decode, body))


def _decode(body: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError:
        return json.loads(bytes(body), parse_int=_read_whole)


def _read_whole(digits: str) -> float:
    try:
        return int(digits)
    except ValueError:  # Python reads no number of more than 4300 digits
        return float(digits)


def encode_body(body: object) -> bytes:
    """Write a body as JSON.

    Raises:
        InvalidBody: JSON can't express it, or it is nested too deeply.
    """
    try:
        written = msgspec.json.encode(body)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as exc:
        raise InvalidBody(str(exc)) from exc
    # Counting is cheap, and says of nearly every body that it can't be that deep.
    if written.count(b"[") + written.count(b"{") > _MAX_LEVELS and _levels(written) > _MAX_LEVELS:
        raise InvalidBody(f"it is nested deeper than {_MAX_LEVELS} levels")
    return written


def _levels(written: bytes) -> int:
    """Return how deep arrays and objects are nested."""
    deepest = level = 0
    for sign in _BRACKET.findall(_STRING.sub(b"", written)):
        level += 1 if sign in b"[{" else -1
        deepest = max(deepest, level)
    return deepest

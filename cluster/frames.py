"""The frames of the subprotocol `im.v1`: what goes over a WebSocket, as JSON in text messages.

Pure: structs, bytes to struct and struct to bytes.

    client → node    connect  send  ack  ping  presence
    node → client    connected  sent  receipt  message  error  move  pong  presence  status

Bodies stay the bytes that the sender wrote (`msgspec.Raw`): the node checks that they are JSON and
never builds objects of them.
"""

from typing import Annotated, Literal

import msgspec

from cluster.codes import TEMPORARY_ERRORS, ErrorCode
from cluster.errors import InvalidFrame

SUBPROTOCOL = "im.v1"
DEFAULT_PATH = "/ws"
DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024
# Seconds for which a client says that it has followed a `move`, so as not to be moved for balance.
MOVED_FOR = 300.0

Offset = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]  # what a JavaScript number can hold


class ClientFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A frame from client to node."""


class Connect(ClientFrame, frozen=True, kw_only=True, tag="connect", omit_defaults=True):
    """The first frame: who the client is, and what it has.

    Attributes:
        user: the user's name.
        token: proof of it, where the node asks for one.
        device: which of the user's devices this is; each has its own cursor.
        epoch: the epoch in which `offset` was learnt.
        offset: the last offset that the device has; None to use the stored cursor.
        moved: True if the client has followed a `move` within the last `MOVED_FOR` seconds.
    """

    user: str
    token: str | None = None
    device: str = "default"
    epoch: str | None = None
    offset: Offset | None = None
    moved: bool = False


class Send(ClientFrame, frozen=True, kw_only=True, tag="send", omit_defaults=True):
    """A message to a user.

    Attributes:
        id: `<session>-<number>`, numbers growing within a session; the same id is stored once.
        to: the recipient's name.
        body: any JSON, as it was written.
        durable: False to have it delivered only to those who are connected now, unconfirmed.
        receipt: True to be told by a `receipt`, after `sent`, whether it was acknowledged.
    """

    id: str
    to: str
    body: msgspec.Raw
    durable: bool = True
    receipt: bool = False


class Ack(ClientFrame, frozen=True, kw_only=True, tag="ack"):
    """Everything up to this offset has been handled by the device."""

    offset: Offset


class Ping(ClientFrame, frozen=True, kw_only=True, tag="ping"):
    """A sign of life, for clients that cannot send WebSocket pings."""


class AskPresence(ClientFrame, frozen=True, kw_only=True, tag="presence"):
    """A question whether a user is connected; the answer is a `Presence`."""

    user: str


class NodeFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """A frame from node to client; fields at their default are left out."""


class Connected(NodeFrame, frozen=True, kw_only=True, tag="connected"):
    """The answer to `connect`.

    It comes again on the same channel, with `recovered` False, when the node has to begin anew:
    the next message was dropped by retention, or the store was wiped and so begins a new epoch.

    Attributes:
        channel: the id of this channel.
        node: the node's incarnation.
        epoch: what offsets are counted in; remember it with the offset.
        offset: where the replay starts: the next message has a larger offset.
        recovered: False if something that the device has not got can't be replayed any more.
        heartbeat: seconds after which the node asks a silent client for a sign of life.
    """

    channel: str
    node: str
    epoch: str
    offset: Offset
    recovered: bool
    heartbeat: float


class Sent(NodeFrame, frozen=True, kw_only=True, tag="sent"):
    """The message is stored for the recipient.

    Attributes:
        id: the id of the `send`.
        offset: its place in the recipient's inbox; None if it had been stored earlier than the
            last one of its session, so that the place is no longer known.
    """

    id: str
    offset: Offset | None = None


class Receipt(NodeFrame, frozen=True, kw_only=True, tag="receipt"):
    """What became of a message that was sent with `receipt`; comes once, some time after `sent`.

    Attributes:
        id: the id of the `send`.
        status: `delivered` if a device of the recipient has acknowledged it, `stored` if none is
            connected (or none acknowledges): it waits in the inbox.
    """

    id: str
    status: Literal["delivered", "stored"]


class Message(NodeFrame, frozen=True, kw_only=True, tag="message"):
    """A message for this user.

    Attributes:
        offset: its place in the inbox; None if it was sent with `durable: false`.
        sender: the user who sent it (`from` on the wire).
        id: the id that the sender gave it.
        time: when the node took it, in seconds since the epoch.
        body: any JSON.
    """

    offset: Offset | None = None
    sender: str = msgspec.field(name="from")
    id: str
    time: float
    body: msgspec.Raw


class Error(NodeFrame, frozen=True, kw_only=True, tag="error"):
    """A frame was refused.

    Attributes:
        id: the id of the `send` that was refused; None if it was another frame.
        code: one of `cluster.codes.ErrorCode`.
        reason: what is wrong, in words.
        temporary: True if the same frame can succeed later.
    """

    id: str | None = None
    code: str
    reason: str
    temporary: bool = False


class Move(NodeFrame, frozen=True, kw_only=True, tag="move"):
    """Go to another node, at a random moment of your own within so many seconds.

    Attributes:
        url: where to go; None to pick a node.
        within: seconds.
    """

    url: str | None = None
    within: float


class Pong(NodeFrame, frozen=True, kw_only=True, tag="pong"):
    """The answer to `ping`."""


class Presence(NodeFrame, frozen=True, kw_only=True, tag="presence"):
    """The answer to a question for presence.

    Attributes:
        user: who was asked for.
        online: whether the user has a channel on a living node; None if it can't be told now.
    """

    user: str
    online: bool | None


class Status(NodeFrame, frozen=True, kw_only=True, tag="status"):
    """The cluster's fast path has failed, or is back.

    Attributes:
        degraded: the services that are away; messages between nodes may take a second longer.
            Empty when all is well again.
    """

    degraded: tuple[str, ...]


AnyClientFrame = Connect | Send | Ack | Ping | AskPresence
AnyNodeFrame = Connected | Sent | Receipt | Message | Error | Move | Pong | Presence | Status

_client_frames: msgspec.json.Decoder[AnyClientFrame] = msgspec.json.Decoder(AnyClientFrame)
_node_frames: msgspec.json.Decoder[AnyNodeFrame] = msgspec.json.Decoder(AnyNodeFrame)
_any_type = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()
# A RecursionError is what msgspec raises for JSON that is nested too deeply.
_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_TYPES = frozenset({"connect", "send", "ack", "ping", "presence"})


def encode(frame: ClientFrame | NodeFrame) -> bytes:
    """Write a frame as JSON."""
    return _encoder.encode(frame)


def decode_client_frame(data: bytes) -> AnyClientFrame:
    """Read a frame that a client sent.

    Raises:
        InvalidFrame: with the code and the reason that the client is to be told.
    """
    try:
        return _client_frames.decode(data)
    except msgspec.ValidationError as exc:
        raise _why_invalid(data, str(exc)) from exc
    except _NOT_JSON as exc:
        raise InvalidFrame(ErrorCode.BAD_JSON, str(exc)) from exc


def _why_invalid(data: bytes, reason: str) -> InvalidFrame:
    """Find the right code, and the id if there is one, for JSON that is no valid frame."""
    try:
        fields = _any_type.decode(data)
        kind = msgspec.json.decode(fields["type"], type=str)
    except (*_NOT_JSON, KeyError):
        return InvalidFrame(ErrorCode.BAD_FRAME, reason)
    try:
        send_id = msgspec.json.decode(fields["id"], type=str)
    except (*_NOT_JSON, KeyError):
        send_id = None
    code = ErrorCode.BAD_FRAME if kind in _TYPES else ErrorCode.UNKNOWN_TYPE
    return InvalidFrame(code, reason, send_id)


def decode_node_frame(data: bytes | str) -> AnyNodeFrame | None:
    """Read a frame that a node sent; None for a type that this version does not know.

    Raises:
        InvalidFrame: it is not a frame at all.
    """
    try:
        return _node_frames.decode(data)
    except msgspec.ValidationError as exc:
        if "Invalid value '" in str(exc) and "$.type" in str(exc):
            return None
        raise InvalidFrame(ErrorCode.BAD_FRAME, str(exc)) from exc
    except _NOT_JSON as exc:
        raise InvalidFrame(ErrorCode.BAD_JSON, str(exc)) from exc


def error_frame(code: ErrorCode, reason: str, id: str | None = None) -> bytes:
    """Write an `error` frame; whether it is temporary follows from the code."""
    return encode(Error(id=id, code=code, reason=reason, temporary=code in TEMPORARY_ERRORS))


def message_tail(sender: str, id: str, time: float, body: bytes) -> bytes:
    """Write the part of a `message` that does not depend on the recipient's offset.

    It is made once, stored in the inbox as it is, and completed by `message_frame`.
    """
    head = b'"from":%b,"id":%b,"time":%b,"body":'
    return (
        head % (_encoder.encode(sender), _encoder.encode(id), _encoder.encode(time)) + body + b"}"
    )


def message_frame(offset: int | None, tail: bytes) -> bytes:
    """Write a whole `message` from its offset and what `message_tail` made."""
    if offset is None:
        return b'{"type":"message",' + tail
    return b'{"type":"message","offset":%d,' % offset + tail


def sent_frame(id: str, offset: int | None) -> bytes:
    """Write a `sent` frame; the id's characters need no escaping, as `split_send_id` checked."""
    if offset is None:
        return b'{"type":"sent","id":"%b"}' % id.encode()
    return b'{"type":"sent","id":"%b","offset":%d}' % (id.encode(), offset)

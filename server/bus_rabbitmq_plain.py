"""The plain frames of AMQP: a batch out, a batch in, a confirm; everything else is pika's.

Pure. pika makes some ten objects of each publish and each delivery, which cost more than all else
that a small batch takes. What is read here looks the same each time, down to the byte: whatever
looks otherwise, or is not whole, is left alone. (AMQP 0-9-1 specification, sections 2.3 and 4.2.)
"""

from collections.abc import Callable
from functools import lru_cache
from struct import Struct

# Of frames: kind, channel, size of the payload; behind the payload an end mark.
_FRAME = Struct(">BHI")
_METHOD, _HEADER, _BODY, _END = 1, 2, 3, 0xCE
_FRAME_OVERHEAD = _FRAME.size + 1

# Of methods: class and method. Their arguments follow.
_METHOD_ID = Struct(">HH")
_PUBLISH, _DELIVER, _ACK = (60, 40), (60, 60), (60, 80)

# How a delivery begins: frame, method, size of the consumer's name, which the number follows.
_DELIVERY = Struct(">BHIHHB")
_NUMBER = Struct(">Q")

# A whole content header and the head of the body's frame. The header: class, weight, size of the
# body, which properties follow, and the only one that a batch has: that it is transient.
_CONTENT = Struct(">BHIHHQHBBBHI")
_HEADER_SIZE, _ONLY_DELIVERY_MODE, _TRANSIENT = 15, 0x1000, 1

# A whole confirm: frame, method, number of the publish, whether all up to it, end mark.
_CONFIRM = Struct(">BHIHHQBB")


def publish_frames(channel: int, exchange: str, key: str, body: bytes) -> bytes:
    """Return the frames of a transient publish; `body` has to fit into one frame."""
    content = _CONTENT.pack(*_content(channel, len(body)))
    return b"%b%b%b\xce" % (_publish_method(channel, exchange, key), content, body)


def _content(channel: int, size: int) -> tuple[int, ...]:
    """Return the fields of `_CONTENT` for a batch of so many bytes."""
    header = (_HEADER, channel, _HEADER_SIZE, _PUBLISH[0], 0, size)
    return (*header, _ONLY_DELIVERY_MODE, _TRANSIENT, _END, _BODY, channel, size)


@lru_cache(maxsize=1024)
def _publish_method(channel: int, exchange: str, key: str) -> bytes:
    """Return the frame that begins a publish; a node uses the same few again and again."""
    names = b"".join(b"%c%b" % (len(name), name) for name in (exchange.encode(), key.encode()))
    arguments = b"\0\0" + names + b"\0"
    size = _METHOD_ID.size + len(arguments)
    return _FRAME.pack(_METHOD, channel, size) + _METHOD_ID.pack(*_PUBLISH) + arguments + b"\xce"


def fits(body: bytes, frame_max: int) -> bool:
    """Tell whether a body is plain: not empty, and with its overhead no larger than a frame."""
    return 0 < len(body) <= frame_max - _FRAME_OVERHEAD


def take_deliveries(data: bytes, channel: int, deliver: Callable[[int, bytes], None]) -> int:
    """Hand over each plain delivery at the beginning of some data.

    Args:
        data: what came from the broker, beginning with a frame.
        channel: the only channel whose deliveries are taken.
        deliver: gets the number and the body of each.

    Returns:
        How many bytes they took; what follows is no plain delivery.
    """
    at, size = 0, len(data)
    while at + _DELIVERY.size < size:
        kind, on, method_size, *method, name_size = _DELIVERY.unpack_from(data, at)
        content_at = at + method_size + _FRAME_OVERHEAD
        body_at = content_at + _CONTENT.size
        if (kind, on, *method) != (_METHOD, channel, *_DELIVER) or body_at > size:
            break
        content = _CONTENT.unpack_from(data, content_at)
        end = body_at + content[-1]
        if content != _content(channel, content[-1]) or end >= size or data[end] != _END:
            break
        [number] = _NUMBER.unpack_from(data, at + _DELIVERY.size + name_size)
        deliver(number, data[body_at:end])
        at = end + 1
    return at


def take_confirms(data: bytes, channel: int, confirmed: Callable[[int, bool], None]) -> int:
    """Hand over each confirm at the beginning of some data; see `take_deliveries`.

    Args:
        data: what came from the broker, beginning with a frame.
        channel: the only channel whose confirms are taken.
        confirmed: gets the number of a publish, and whether all up to it count.
    """
    at = 0
    expected = (_METHOD, channel, _CONFIRM.size - _FRAME_OVERHEAD, *_ACK)
    while at + _CONFIRM.size <= len(data):
        *head, number, flags, end = _CONFIRM.unpack_from(data, at)
        if tuple(head) != expected or end != _END:
            break
        confirmed(number, bool(flags & 1))
        at += _CONFIRM.size
    return at

"""WebSocket frames from node to client, ready to be written to any number of sockets. Pure."""

from struct import Struct

_MEDIUM = Struct("!BBH")
_LONG = Struct("!BBQ")
_TEXT = 0x81  # FIN and opcode 1, RFC 6455 section 5.2

# An empty ping (opcode 9).
PING = b"\x89\x00"


def text_frame(payload: bytes) -> bytes:
    """Return a whole unmasked text frame (RFC 6455, sections 5.1 and 5.2).

    Node to client frames are not masked, so the same bytes serve every recipient.
    """
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 65536:
        return _MEDIUM.pack(_TEXT, 126, size) + payload
    return _LONG.pack(_TEXT, 127, size) + payload

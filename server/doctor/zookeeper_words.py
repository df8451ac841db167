"""Two short conversations with one server of an ensemble, which kazoo does not offer.

`srvr` is the one four-letter word that ZooKeeper answers by default. The handshake tells what
session timeout a server grants, and whether it takes writes; the session is ended at once.
"""

import asyncio
import struct
from contextlib import closing
from dataclasses import dataclass

# org.apache.zookeeper.proto.ConnectRequest, without the length before it: protocol version, last
# transaction seen, timeout in ms, session id, password, and whether reading alone would do.
_CONNECT = struct.Struct(">iqiqi16s?")
# The beginning of ConnectResponse: protocol version, timeout in ms, session id, password's length.
_CONNECTED = struct.Struct(">iiqi")
# RequestHeader of closeSession: a number of the client's own, and the operation.
_CLOSE = struct.pack(">iii", 8, 1, -11)
_LENGTH = struct.Struct(">i")

# No answer to either question is longer.
_MOST = 65536


@dataclass(frozen=True, slots=True)
class Granted:
    """What a server says to a new session.

    Attributes:
        timeout: seconds without a sign of life after which it ends.
        read_only: whether it takes no writes, since it has lost the other servers.
    """

    timeout: float
    read_only: bool


async def ask_srvr(host: str, port: int) -> str:
    """Return what a server answers to `srvr`; empty if it says nothing.

    Raises:
        OSError: it cannot be reached.
    """
    reader, writer = await asyncio.open_connection(host, port)
    with closing(writer):
        writer.write(b"srvr")
        return (await reader.read(_MOST)).decode(errors="replace")


async def shake_hands(host: str, port: int, timeout: float) -> Granted | None:
    """Begin a session and end it; None if the server hangs up instead, as one without a leader.

    Args:
        host: the server's.
        port: where it takes clients.
        timeout: seconds, the session timeout to ask for.

    Raises:
        OSError: it cannot be reached.
    """
    reader, writer = await asyncio.open_connection(host, port)
    with closing(writer):
        request = _CONNECT.pack(0, 0, int(timeout * 1000), 0, 16, bytes(16), True)
        writer.write(_LENGTH.pack(len(request)) + request)
        try:
            (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
            if not _CONNECTED.size <= size <= _MOST:
                return None
            reply = await reader.readexactly(size)
            writer.write(_CLOSE)
            # The server hangs up when the session is over.
            await reader.read()
        except asyncio.IncompleteReadError:
            return None
    _version, granted_ms, _session, password = _CONNECTED.unpack_from(reply)
    # Servers before 3.4 do not say the last part.
    rest = reply[_CONNECTED.size + password :]
    return Granted(granted_ms / 1000, rest == b"\x01")

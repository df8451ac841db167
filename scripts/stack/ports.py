"""Ports of this machine. Opens none for longer than a moment."""

from __future__ import annotations

import itertools
import random
import socket

LASTING = range(20000, 32000)
"""Below the ports that systems give to outgoing connections (from 32768 on Linux)."""

# In an order that no other process has, whatever has seeded `random`; so no port comes twice before
# all others have come.
_candidates = itertools.cycle(random.SystemRandom().sample(LASTING, len(LASTING)))


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens.

    It stays free until it is used, and while its server is down for a while: the system gives it to
    no outgoing connection, as it might do with one of its own choice.

    Raises:
        OSError: none was found in a hundred attempts.
    """
    for port in itertools.islice(_candidates, 100):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError(f"no free port of 127.0.0.1 in {LASTING}")

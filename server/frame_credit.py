"""The credit for small frames: how many control frames and fragments a peer may send. Pure.

Reading one takes the library as long as five plain messages, and nobody else is served meanwhile.
So a chunk that holds nothing else would keep a node busy for a second. With these limits one peer
has a few hundredths of the time; no client that means well comes near them.
"""

# Frames a second, and at once.
RATE = 1000.0
BURST = 2000.0

# Bytes of the largest frame that counts, which is the largest control frame: a head of two, a mask
# of four, 125 of payload (RFC 6455, section 5.5).
SMALL = 131


class FrameCredit:
    """The credit of one peer: it begins full, and comes back with time."""

    __slots__ = ("_left", "_since")

    def __init__(self) -> None:
        # How many frames may come at once, as of `_since`, in seconds.
        self._left = BURST
        self._since = 0.0

    def take(self, now: float) -> bool:
        """Count a frame; False if it is one too many.

        Args:
            now: seconds, of any clock that does not jump.
        """
        self._left = min(BURST, self._left + (now - self._since) * RATE) - 1.0
        self._since = now
        return self._left >= 0.0

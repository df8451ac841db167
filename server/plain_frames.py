"""Plain frames: a fast way past the library for what nearly every client sends nearly always.

Pure. A plain frame is a whole text message in one masked frame (RFC 6455, section 5.2). Reading it
here takes a fifth of the time that the library needs. All else is the library's, byte by byte;
that is why it has to be known where its frames end.
"""

try:
    from websockets.speedups import apply_mask
except ImportError:  # where websockets was installed without its extension
    from websockets.utils import apply_mask

_WHOLE_TEXT = 0x81  # FIN and opcode 1
_MASKED = 0x80
_MASK_BYTES = 4

# The lengths that say that the real one follows, in so many bytes.
_LONGER = {126: 2, 127: 8}
_MAX_HEAD = 2 + 8


def plain_text(data: bytes, at: int, limit: int) -> tuple[bytes, int] | None:
    """Read a plain frame.

    Args:
        data: what has come.
        at: where a frame begins in it.
        limit: bytes of the largest message that may be taken.

    Returns:
        The message, which need not be UTF-8, and where the next frame begins. None if the frame is
        not plain, or is not wholly there.
    """
    there = len(data) - at
    if there < 2 or data[at] != _WHOLE_TEXT:
        return None
    size, mask_at = data[at + 1] - _MASKED, at + 2
    if size == 126 and there >= 4:
        size, mask_at = data[at + 2] << 8 | data[at + 3], at + 4
    elif not 0 <= size < 126:
        return None
    start = mask_at + _MASK_BYTES
    end = start + size
    if size > limit or end > len(data):
        return None
    return apply_mask(data[start:end], data[mask_at:start]), end


class FrameBounds:
    """Follows a stream from frame to frame by their lengths, in whatever pieces it comes."""

    __slots__ = ("_head", "_owed")

    def __init__(self) -> None:
        # The beginning of a frame whose length is not known yet.
        self._head = b""
        # The bytes that are still to come of a frame that has begun.
        self._owed = 0

    @property
    def between(self) -> bool:
        """Whether the next byte begins a frame."""
        return not self._owed and not self._head

    def follow(self, data: bytes, at: int) -> int:
        """Follow one frame, the one that has begun or the one that begins at `at`.

        Returns:
            Where it ends in `data`; the end of `data` if it ends later.
        """
        if not self._owed:
            head = self._head + data[at : at + _MAX_HEAD]
            size = frame_size(head)
            if size is None:
                self._head = head
                return len(data)
            self._owed = size - len(self._head)
            self._head = b""
        end = min(at + self._owed, len(data))
        self._owed -= end - at
        return end


def frame_size(head: bytes) -> int | None:
    """Return how many bytes a frame takes, its head included; None if `head` does not say yet."""
    if len(head) < 2:
        return None
    size = head[1] & ~_MASKED
    start = 2 + (_MASK_BYTES if head[1] & _MASKED else 0)
    longer = _LONGER.get(size)
    if longer is None:
        return start + size
    if len(head) < 2 + longer:
        return None
    return start + longer + int.from_bytes(head[2 : 2 + longer])

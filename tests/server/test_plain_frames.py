"""Plain frames, and where frames end; `tests/fuzz/test_transport.py` compares with the library."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from server.plain_frames import FrameBounds, frame_size, plain_text

LIMIT = 70_000


def frame(
    data: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True, mask: bool = True
) -> bytes:
    """Return a frame as websockets writes it."""
    return bytes(Frame(opcode, data, fin).serialize(mask=mask))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535])
def test_a_plain_frame_is_read_wherever_it_stands(size: int) -> None:
    text = bytes(i % 251 for i in range(size))
    data = b"before" + frame(text) + b"behind"
    assert plain_text(data, 6, LIMIT) == (text, len(data) - 6)


def test_the_largest_message_is_read_and_no_larger_one() -> None:
    assert plain_text(frame(bytes(100)), 0, 100) == (bytes(100), 106)
    assert plain_text(frame(bytes(101)), 0, 100) is None


@pytest.mark.parametrize(
    "other",
    [
        frame(b"x", Opcode.BINARY),
        frame(b"x", Opcode.CONT),
        frame(b"x", Opcode.PING),
        frame(b"x", Opcode.CLOSE),
        frame(b"x", fin=False),
        frame(b"x", mask=False),
        bytes([frame(b"x")[0] | 0x40]) + frame(b"x")[1:],
        frame(bytes(65_536)),
    ],
)
def test_nothing_else_is_plain(other: bytes) -> None:
    assert plain_text(other, 0, LIMIT) is None


@pytest.mark.parametrize("size", [5, 300])
def test_a_frame_that_is_not_wholly_there_is_not_plain(size: int) -> None:
    whole = frame(bytes(size))
    for end in range(len(whole)):
        assert plain_text(whole[:end], 0, LIMIT) is None


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("mask", [True, False])
def test_the_size_of_a_frame(size: int, mask: bool) -> None:
    whole = frame(bytes(size), mask=mask)
    known = next(end for end in range(20) if frame_size(whole[:end]) is not None)
    assert known == {0: 2, 125: 2, 126: 4, 65_535: 4, 65_536: 10}[size]
    assert {frame_size(whole[:end]) for end in range(known, 20)} == {len(whole)}


@given(
    st.lists(st.sampled_from([0, 1, 125, 126, 300, 65_536]), max_size=6),
    st.lists(st.integers(1, 400), min_size=1),
    st.integers(0, 3),
)
def test_frames_are_followed_in_any_pieces(sizes: list[int], pieces: list[int], skip: int) -> None:
    frames = [frame(bytes(size)) for size in sizes]
    stream, bounds = b"".join(frames), FrameBounds()
    ends, at, turn = list[int](), 0, 0
    while at < len(stream):
        piece = stream[at : at + pieces[turn % len(pieces)]]
        turn += 1
        # The frame begins somewhere in what has come.
        end = bounds.follow(bytes(skip) + piece, skip) - skip
        at += end
        if bounds.between:
            ends.append(at)
    assert ends == [sum(map(len, frames[: i + 1])) for i in range(len(frames))]

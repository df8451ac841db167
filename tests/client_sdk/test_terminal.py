"""Lines from pipes and files."""

import os
from pathlib import Path

from client_sdk.terminal import read_lines


async def test_lines_of_a_pipe_as_they_come() -> None:
    reading, writing = os.pipe()
    lines = read_lines(reading)
    os.write(writing, "größe\nsec".encode())
    assert await anext(lines) == "größe"
    os.write(writing, b"ond\n\nla\xffst")
    os.close(writing)
    assert [line async for line in lines] == ["second", "", "la�st"]
    os.close(reading)


async def test_lines_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("1\n2\n")
    descriptor = os.open(path, os.O_RDONLY)
    assert [line async for line in read_lines(descriptor)] == ["1", "2"]
    os.close(descriptor)


async def test_a_descriptor_that_is_gone_ends_like_a_file() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    assert [line async for line in read_lines(reading)] == []

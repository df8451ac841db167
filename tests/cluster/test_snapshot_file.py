"""A file is replaced as a whole or not at all, and whatever lies there is read without harm."""

import os
import stat
from pathlib import Path

import pytest

from cluster.errors import InvalidCache
from cluster.snapshot_file import read_file, write_file


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"one", b"", b"three, and longer"):
        write_file(path, data)
        assert read_file(path, 100) == data
    assert os.listdir(tmp_path) == ["file"], "no temporary file is left"


def test_only_the_owner_may_read_or_write_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o666)
    write_file(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_others_may_read_it_if_that_is_wanted(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"new", 0o644)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    write_file(path, b"x")
    assert read_file(path, 100) == b"x"


def test_no_file_is_none(tmp_path: Path) -> None:
    assert read_file(tmp_path / "file", 100) is None
    assert read_file(tmp_path / "folder" / "file", 100) is None


def test_one_byte_too_many_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"12345")
    assert read_file(path, 5) == b"12345"
    with pytest.raises(InvalidCache, match="larger than 4 bytes"):
        read_file(path, 4)


@pytest.mark.timeout(10)
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidCache, match="no regular file"):
        read_file(tmp_path / "pipe", 100)
    with pytest.raises((InvalidCache, IsADirectoryError)):
        read_file(tmp_path, 100)
    with pytest.raises(InvalidCache, match="no regular file"):
        read_file(Path("/dev/zero"), 100)


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_file(folder, b"x")
    assert os.listdir(tmp_path) == ["folder"], "no temporary file is left"
    (tmp_path / "plain").write_bytes(b"x")
    with pytest.raises(OSError, match="plain"):
        write_file(tmp_path / "plain" / "file", b"x")

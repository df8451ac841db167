"""The included file is replaced in one step, keeps its mode, and can be put back."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from balancer.nginx_file import IncludedFile


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_can_be_read_by_everybody(tmp_path: Path) -> None:
    path = tmp_path / "im.conf"
    assert IncludedFile(path).read() is None
    IncludedFile(path).write("one")
    assert IncludedFile(path).read() == "one"
    assert mode(path) == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["im.conf"]


def test_the_mode_of_the_file_that_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "im.conf"
    path.write_text("old")
    path.chmod(0o640)
    IncludedFile(path).write("new")
    assert (path.read_text(), mode(path)) == ("new", 0o640)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "im.conf"
    link.symlink_to(tmp_path / "real" / "im.conf")
    IncludedFile(link).write("one")
    assert link.is_symlink()
    assert (tmp_path / "real" / "im.conf").read_text() == "one"


@pytest.mark.parametrize("before", [None, "old"])
def test_it_is_put_back_as_it_was(tmp_path: Path, before: str | None) -> None:
    file = IncludedFile(tmp_path / "im.conf")
    if before is not None:
        file.write(before)
    file.write("new")
    file.put_back(before)
    assert file.read() == before


def test_what_somebody_else_wrote_is_put_back_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "im.conf"
    path.write_bytes(b"# caf\xe9\r\nupstream im {}\r")
    file = IncludedFile(path)
    before = file.read()
    file.write("new")
    file.put_back(before)
    assert path.read_bytes() == b"# caf\xe9\r\nupstream im {}\r"


def test_that_nginx_has_not_read_it_is_known_to_the_next_run(tmp_path: Path) -> None:
    link = tmp_path / "im.conf"
    link.symlink_to(tmp_path / "real.conf")
    assert not IncludedFile(link).unread
    IncludedFile(link).will_change()
    assert IncludedFile(link).unread
    assert IncludedFile(tmp_path / "real.conf").unread
    IncludedFile(link).was_read()
    assert not IncludedFile(link).unread


def test_whoever_reads_finds_a_whole_text(tmp_path: Path) -> None:
    path = tmp_path / "im.conf"
    file = IncludedFile(path)
    texts = ["a" * 100_000, "b" * 50_000]
    file.write(texts[0])
    over = threading.Event()
    seen: set[str] = set()

    def read() -> None:
        while not over.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(200):
        file.write(texts[turn % 2])
    over.set()
    reader.join()
    assert seen <= set(texts)

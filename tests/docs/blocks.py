"""What stands in the pages: fenced blocks, and the commands in them. Runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.paths import ROOT

SHELLS = {"sh", "bash", "console"}
"""The languages of blocks with commands; in `console` those after a prompt, the rest is output."""

_FENCE = re.compile(r"^ *```(\w*)$")
_PROMPT = re.compile(r"^[$#] ")
_REMARK = re.compile(r"(?:^|\s+)# .*$")
# The lines that a file for operators shows on its top, in a comment, set off from its words.
_SET_OFF = re.compile(r"^#   (\S.*)$")


@dataclass(frozen=True)
class Block:
    """What stands between two fences, or on top of a file for operators.

    Attributes:
        page: the file, from the root of the checkout.
        line: where it begins: the number of the line before its first one.
        language: what the fence says; may be empty.
        text: its lines.
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A command that a reader would type, without prompt and remark; its lines are joined."""

    place: str
    text: str


def pages() -> list[Path]:
    """Return the files with documents."""
    found = {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")}
    return sorted(found)


def operators_files() -> list[Path]:
    """Return the files for operators that say on top how they are used."""
    patterns = ("Dockerfile", "deploy/systemd/*", "deploy/kubernetes/*", "deploy/nginx/*")
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def all_blocks() -> list[Block]:
    """Return the blocks of all pages and files."""
    found = [block for page in pages() for block in blocks(_name(page), page.read_text())]
    return found + [block for file in operators_files() for block in top(file)]


def blocks(page: str, text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page.

    Raises:
        ValueError: a fence is not closed.
    """
    lines = enumerate(text.splitlines(), start=1)
    for number, line in lines:
        if opening := _FENCE.match(line):
            inside: list[str] = []
            for _, each in lines:
                if each.strip() == "```":
                    break
                inside.append(each)
            else:
                raise ValueError(f"{page}:{number}: this block has no end")
            yield Block(page, number, opening[1], "\n".join(inside))


def top(file: Path) -> Iterator[Block]:
    """Yield the commands in the comment on top of a file, as one block."""
    head = re.match(r"(?:#.*\n)*", file.read_text())
    assert head is not None
    shown = [match[1] for line in head[0].splitlines() if (match := _SET_OFF.match(line))]
    if shown:
        yield Block(_name(file), 0, "sh", "\n".join(shown))


def commands(block: Block) -> Iterator[Command]:
    """Yield the commands of a block, in order; none if its language has none."""
    if block.language not in SHELLS:
        return
    lines = enumerate(block.text.splitlines(), start=block.line + 1)
    for number, line in lines:
        if block.language == "console":
            if not _PROMPT.match(line):
                continue
            line = _PROMPT.sub("", line, count=1)
        while line.endswith("\\"):
            line = f"{line[:-1].rstrip()} {next(lines)[1].strip()}"
        if text := _REMARK.sub("", line).strip():
            yield Command(f"{block.page}:{number}", text)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))

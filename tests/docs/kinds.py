"""How it is known that a command of the docs works. Four kinds, and no fifth."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from scripts.stack.paths import ROOT
from tests.docs.blocks import Command


@dataclass(frozen=True, kw_only=True)
class Ends:
    """It is run as it stands in the docs, to its end.

    Attributes:
        shows: a pattern that has to be in what it prints.
        codes: the exit codes that are right.
        look: a further line for the same shell, which shows what the command has done.
    """

    shows: str = ""
    codes: tuple[int, ...] = (0,)
    look: str = ""


@dataclass(frozen=True, kw_only=True)
class Lasts:
    """It is run as it stands in the docs, until it has shown what it is to show; then Ctrl-C.

    Attributes:
        shows: a pattern that has to be in what it prints.
        codes: the exit codes after Ctrl-C that are right.
        types: a line that is typed first.
        stays: it goes on while the rest of its block is run, which needs it.
    """

    shows: str
    codes: tuple[int, ...] = (0,)
    types: str = ""
    stays: bool = False


@dataclass(frozen=True)
class Elsewhere:
    """Other tests run it, with other values.

    Attributes:
        tests: `FILE::NAME` of each; their files together hold all words of the command.
    """

    tests: tuple[str, ...]


@dataclass(frozen=True)
class NotHere:
    """It can't be run where tests are.

    Attributes:
        why: what is missing.
        check: is given the command; asserts what can be known of it all the same.
    """

    why: str
    check: Callable[[str], None]


Claim = Ends | Lasts | Elsewhere | NotHere


def words_of(text: str) -> set[str]:
    """Return what makes a command what it is: its program, what is asked of it, its options.

    Values of options do not count, nor do folders.
    """
    words = text.split()
    options = [number for number, word in enumerate(words) if word.startswith("-")]
    asked = words[1 : min(options, default=len(words))]
    return {words[0].rpartition("/")[2], *asked, *(words[number] for number in options)}


def missing_of(claim: Elsewhere, command: Command) -> list[str]:
    """Return what a claim names that is not there: tests, and words in their files."""
    missing, sources = [], ""
    for test in claim.tests:
        file, _, name = test.partition("::")
        source = (ROOT / file).read_text() if (ROOT / file).exists() else ""
        if name not in _functions(source):
            missing.append(test)
        sources += source
    return missing + [word for word in sorted(words_of(command.text)) if not _has(sources, word)]


def _has(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def _functions(source: str) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)}

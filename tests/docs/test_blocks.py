"""The parser of the pages finds every command, and nothing else."""

from __future__ import annotations

import pytest

from scripts.stack.paths import ROOT
from tests.docs.blocks import SHELLS, all_blocks, blocks, commands, pages, top

PAGE = """\
Words.

```sh
first --option      # why

# a remark
second \\
    --more 'a#b' "c"
```

```console
$ third
what it says
# fourth, as root
$ source <(fifth)   # a remark
```

  ```python
  print("$ none")
  ```
"""


def test_commands_are_found_with_their_places() -> None:
    found = [command for block in blocks("p.md", PAGE) for command in commands(block)]
    assert [(command.place, command.text) for command in found] == [
        ("p.md:4", "first --option"),
        ("p.md:7", "second --more 'a#b' \"c\""),
        ("p.md:12", "third"),
        ("p.md:14", "fourth, as root"),
        ("p.md:15", "source <(fifth)"),
    ]


def test_blocks_are_found_with_their_languages() -> None:
    assert [(b.line, b.language) for b in blocks("p.md", PAGE)] == [
        (3, "sh"),
        (11, "console"),
        (18, "python"),
    ]


def test_a_block_without_an_end_is_told() -> None:
    with pytest.raises(ValueError, match=r"p\.md:1"):
        list(blocks("p.md", "```sh\nfirst\n"))


def test_commands_on_top_of_a_file_are_found() -> None:
    [block] = top(ROOT / "Dockerfile")
    first, *others = [command.text for command in commands(block)]
    assert first == "docker build -t im ."
    assert len(others) == 2


def test_all_pages_are_looked_at() -> None:
    names = {path.name for path in pages()}
    assert {"README.md", "CONTRIBUTING.md", "getting-started.md", "operations.md"} <= names
    assert len({block.page for block in all_blocks() if block.language in SHELLS}) > 15


def test_a_console_begins_with_a_prompt() -> None:
    """Else its first command would be taken for output, and nobody would run it."""
    wrong = [str(b) for b in all_blocks() if b.language == "console" and b.text[:2] not in "$ # "]
    assert wrong == [], "begin it with `$ `, or leave the word `console` away if it is output"

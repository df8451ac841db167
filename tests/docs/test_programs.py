"""The programs in the docs, in Python and in JavaScript, do what they seem to."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from contextlib import AsyncExitStack

import pytest

from tests.client_sdk_js.node_js import node_js
from tests.docs.blocks import Block, all_blocks
from tests.docs.kinds import Ends, Lasts
from tests.docs.place import Place
from tests.docs.running import run

# What each page's programs are to show. After Ctrl-C neither Python nor Node.js says 0.
_INTERRUPTED = (-2, 130)
_TALK = Lasts(shows="^bob .*hello", codes=_INTERRUPTED)
PROGRAMS: Mapping[tuple[str, str], Ends | Lasts] = {
    ("README.md", "python"): _TALK,
    ("docs/client-sdk.md", "python"): _TALK,
    ("docs/getting-started.md", "python"): Ends(shows=r"^stored at \d+$"),
    ("docs/client-sdk-js.md", "html"): _TALK,
    ("docs/client-sdk-js.md", "js"): Ends(shows=r"^\{ id: '\S+', offset: \d+, receipt: null \}$"),
}

# What Node.js lacks before its version 22.
_WEBSOCKET = """\
import { createRequire } from "node:module";
globalThis.WebSocket ??= createRequire(import.meta.url)("ws");
"""


def programs() -> list[Block]:
    """Return the blocks with programs."""
    return [block for block in all_blocks() if block.language in ("python", "html", "js")]


def script_of(block: Block) -> str:
    """Return a program in JavaScript: of an HTML block what stands between its tags."""
    if block.language != "html":
        return block.text
    script = re.fullmatch(r"<script type=\"module\">\n(.*)\n</script>", block.text, re.DOTALL)
    assert script is not None, f"{block}: expected one module"
    return script[1]


@pytest.mark.parametrize("block", programs(), ids=str)
@pytest.mark.usefixtures("people")
async def test_a_program_does_what_it_seems_to(block: Block, place: Place) -> None:
    claim = PROGRAMS.get((block.page, block.language))
    assert claim is not None, f"{block}: say in {__name__} what this program is to show"
    if block.language == "python":
        (place.folder / "hello.py").write_text(place.meant(block.text))
        line = ".venv/bin/python hello.py"
    else:
        (place.folder / "hello.mjs").write_text(_WEBSOCKET + place.meant(script_of(block)))
        line = shlex.join([*node_js(), "hello.mjs"])
    async with AsyncExitStack() as at_end:
        await run(place, claim, line, at_end)


def test_every_claim_is_for_a_program_of_the_docs() -> None:
    assert PROGRAMS.keys() == {(block.page, block.language) for block in programs()}

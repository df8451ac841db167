"""What the docs show beside commands and programs is what the programs read and write."""

from __future__ import annotations

import re

import msgspec

from balancer.nginx_upstream import Upstream, render
from cluster import frames
from tests.balancer.test_nginx_upstream import record
from tests.docs.blocks import SHELLS, Block, all_blocks

# Who looks at blocks of other languages than those of commands.
LANGUAGES = {
    "python": "tests/docs/test_programs.py",
    "html": "tests/docs/test_programs.py",
    "js": "tests/docs/test_programs.py",
    "toml": "tests/deploy/test_config.py",
    "nginx": "this file",
    "": "output, and the conversation below",
}

KINDS = {"C": frames.AnyClientFrame, "N": frames.AnyNodeFrame}


def of(page: str, language: str) -> Block:
    """Return the first block of a language on a page."""
    return next(b for b in all_blocks() if (b.page, b.language) == (page, language))


def test_somebody_looks_at_every_block() -> None:
    known = SHELLS | {*LANGUAGES}
    unknown = [f"{b}: {b.language}" for b in all_blocks() if b.language not in known]
    assert unknown == [], "say in LANGUAGES of this file which test looks at such blocks"


def test_the_list_for_nginx_is_written_so() -> None:
    nodes = (
        record("10.0.0.1", weight=2),
        record("10.0.0.2", state="draining"),
        record("fd00::3"),
    )
    written = render(Upstream("im", "least_conn", "im"), nodes)
    assert written is not None
    assert written.rstrip("\n") == of("docs/nginx.md", "nginx").text


def test_the_first_conversation_is_one() -> None:
    lines = of("docs/protocol.md", "").text.splitlines()
    said = [re.fullmatch(r"([CN]) → [CN]   (\{.*\})", line) for line in lines]
    assert all(said)
    for match in said:
        assert match is not None
        shown = msgspec.json.decode(match[2])
        frame = msgspec.json.decode(match[2], type=KINDS[match[1]])
        # Nothing stands there that such a frame does not have.
        assert msgspec.json.decode(msgspec.json.encode(frame)).items() >= shown.items()

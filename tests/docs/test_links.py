"""Every link between the pages leads somewhere, and the README leads to every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.stack.paths import ROOT
from tests.docs.blocks import pages

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)

# The pages that there have to be, by what they tell.
TOPICS = {
    "getting started": "getting-started.md",
    "concepts": "concepts.md",
    "the protocol": "protocol.md",
    "operations": "operations.md",
    "rolling restarts": "rolling-restart.md",
    "security": "security.md",
    "the SDK for Python": "client-sdk.md",
    "the SDK for JavaScript": "client-sdk-js.md",
    "performance": "performance.md",
    "design decisions": "decisions.md",
}


def prose(path: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCED.sub("", path.read_text())


def anchors(path: Path) -> set[str]:
    """Return the names of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    bare = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {each.replace(" ", "-") for each in bare}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(page)):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_readme_leads_to_every_page() -> None:
    linked = {link.partition("#")[0] for link in _LINK.findall(prose(ROOT / "README.md"))}
    there = {str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md")}
    assert there - linked == set()


@pytest.mark.parametrize("topic", TOPICS)
def test_there_is_a_page_for(topic: str) -> None:
    assert len((ROOT / "docs" / TOPICS[topic]).read_text().splitlines()) > 40


def test_concepts_come_with_a_picture() -> None:
    pictures = re.findall(r"^!\[([^\]]+)\]\((img/\S+)\)", prose(ROOT / "docs/concepts.md"), re.M)
    assert pictures
    for words, file in pictures:
        assert len(words) > 40, "what it shows, for those who cannot see it"
        assert (ROOT / "docs" / file).exists()

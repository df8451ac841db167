"""What a tab with the page shows, and what a hand does there."""

from __future__ import annotations

import json
from typing import Any

from tests.browser.chromium import Chromium, Tab

NODES = """Object.fromEntries([...document.querySelectorAll(".node")].map((node) =>
    [node.querySelector(".node-name").textContent, node.dataset.state]))"""

MESSAGES = """[...document.querySelectorAll("#messages > li")].reverse().map((entry) =>
    [entry.dataset.direction, entry.querySelector(".text").textContent])"""


async def states(tab: Tab) -> dict[str, str]:
    """Return the state of each node that is shown, by its name."""
    shown: dict[str, str] = await tab.evaluate(NODES)
    return shown


async def until_state(tab: Tab, node: str, state: str | None, within: float = 20.0) -> None:
    """Wait until a node is shown in a state; None for not at all."""
    shown = f"({NODES})[{json.dumps(node)}]"
    await tab.until(f"{shown} === {json.dumps(state)}" if state else f"!{shown}", within)


async def note_state(tab: Tab, node: str, state: str) -> str:
    """Have a page note that a node is shown in a state, which may pass; return what says so."""
    shown = f"({NODES})[{json.dumps(node)}] === {json.dumps(state)}"
    await tab.evaluate(
        f"new MutationObserver(() => {{ window.noted ||= {shown}; }})"
        ".observe(document.body, {subtree: true, childList: true, attributes: true})"
    )
    return "window.noted === true"


async def open_page(chromium: Chromium, url: str) -> Tab:
    """Open the page and wait until it shows a node."""
    tab = await chromium.open(url)
    await tab.until("document.querySelector('.node') !== null")
    return tab


async def enter(tab: Tab, name: str) -> str:
    """Connect under a name; return the name of the node."""
    await tab.fill("name", name)
    await tab.press("Enter")
    await tab.until("!document.getElementById('talk').hidden")
    return await place_of(tab)


async def place_of(tab: Tab) -> str:
    """Return the name of the node that a tab is on, as soon as it is on one."""
    place: str = await tab.until(
        r"document.getElementById('you').textContent.match(/is on node ([^ ]+:\d+)\./)?.[1]"
    )
    return place


async def write(tab: Tab, to: str, texts: list[str]) -> None:
    """Send messages, one right after the other, by the form."""
    await tab.evaluate(
        f"""for (const text of {json.dumps(texts)}) {{
            document.getElementById("to").value = {json.dumps(to)};
            document.getElementById("text").value = text;
            document.getElementById("write").requestSubmit();
        }}"""
    )


async def came(tab: Tab) -> list[str]:
    """Return the messages that have come, in order."""
    shown: list[list[str]] = await tab.evaluate(MESSAGES)
    return [text for direction, text in shown if direction == "in"]


async def notices(tab: Tab) -> str:
    """Return what the page says is wrong."""
    text: Any = await tab.evaluate("document.getElementById('notices').textContent")
    return str(text)

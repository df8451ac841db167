"""`scripts/screenshots`: the demo's page as people see it, in light, in dark and on a phone."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from scripts.stack.paths import ROOT
from scripts.stack.ports import free_port
from tests.browser.chromium import Chromium, ChromiumMissing, Tab
from tests.browser.seen import enter, open_page, write

# Width and height in pixels, and the scheme, by the picture's name.
LOOKS = {
    "light": (1280, 880, "light"),
    "dark": (1280, 880, "dark"),
    "phone": (360, 760, "light"),
}

# Seconds for the demo to start, and for which the curves get something to show.
_START_WITHIN = 30.0
_TALK = 20

_LINK = re.compile(r"http://\S+#token=\S+")


@asynccontextmanager
async def demo() -> AsyncIterator[str]:
    """Run the demo on free ports; give the address of its page."""
    ports = ("--port", str(free_port()), "--balancer-port", str(free_port()))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "scripts" / "demo.py"), *ports), stdout=-1, cwd=ROOT
    )
    try:
        yield await _link(process)
    finally:
        process.terminate()
        # Read to the end: a full pipe would keep it from ending.
        await process.communicate()


async def _link(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(_START_WITHIN):
        async for line in process.stdout:
            if found := _LINK.search(line.decode()):
                return found[0]
    raise SystemExit("scripts/screenshots: the demo has ended before it named its page")


async def take(folder: Path) -> list[Path]:
    """Take the pictures; return where they are."""
    with tempfile.TemporaryDirectory() as profile:
        async with demo() as link, Chromium(Path(profile)) as chromium:
            carol = await _conversation(chromium, link)
            return [await _picture(carol, folder, name) for name in LOOKS]


async def _conversation(chromium: Chromium, link: str) -> Tab:
    """Let two people talk for a while; return the tab of one of them."""
    carol = await open_page(chromium, link)
    dave = await open_page(chromium, link)
    await enter(carol, "carol")
    await enter(dave, "dave")
    for number in range(_TALK):
        # The bots answer each; now more, now fewer.
        await write(dave, "bob", ["and?"] * (1 + number * 7 % 5))
        await write(dave, "alice", ["well?"] * (1 + number * 4 % 7))
        await asyncio.sleep(1.0)
    await write(dave, "carol", ["Good morning! Which node are you on?"])
    await carol.until("/Which node/.test(document.getElementById('messages').innerText)")
    await write(carol, "dave", ["Not on yours, and yet we talk."])
    await carol.until("/acknowledged/.test(document.getElementById('messages').innerText)")
    return carol


async def _picture(tab: Tab, folder: Path, name: str) -> Path:
    width, height, scheme = LOOKS[name]
    await tab.look_like(width, height, scheme)
    place = "chat" if name == "phone" else "cluster"
    # On a phone the chat lies below; elsewhere all of it is seen at once.
    await tab.evaluate(f"scrollTo(0, '{place}' === 'chat' ? chat.offsetTop - 12 : 0)")
    # Two frames: the first one may have been begun before.
    drawn = "requestAnimationFrame(() => requestAnimationFrame(drawn))"
    await tab.evaluate(f"new Promise((drawn) => {drawn})")
    path = folder / f"page-{name}.png"
    path.write_bytes(await tab.screenshot())
    return path


def main(words: Sequence[str]) -> int:
    """Take the pictures; 1 with one line for what is missing."""
    folder = Path(words[0]) if words else ROOT / "docs" / "img"
    try:
        paths = asyncio.run(take(folder))
    except ChromiumMissing as exc:
        print(f"scripts/screenshots: {exc}", file=sys.stderr)
        return 1
    for path in paths:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Headless Chromium, driven over its DevTools protocol: tabs to open, to ask and to look at."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
from itertools import count
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.services import eventually

CURE = "run as root: apt-get install chromium"

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Tabs that nobody looks at are to go on as the one in front.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)

_WITHIN = 60.0
_ANSWER_WITHIN = 30.0


class ChromiumMissing(Exception):
    """There is no Chromium; the message says how to get it."""

    def __init__(self) -> None:
        super().__init__(f"Chromium is missing: {CURE}")


class ScriptFailed(AssertionError):
    """What was evaluated in a tab has thrown, or its page went meanwhile."""


class Refused(AssertionError):
    """Chromium has answered a call by an error."""


class Tab:
    """One tab."""

    def __init__(self, chromium: Chromium, session: str) -> None:
        self._chromium = chromium
        self._session = session
        # What went wrong in the page: exceptions that nobody caught, and what was refused to load.
        self.errors: list[str] = []

    async def call(self, method: str, **words: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol for this tab."""
        return await self._chromium.call(method, self._session, **words)

    async def go(self, url: str) -> None:
        """Load a page; it may not be complete yet."""
        await self.call("Page.navigate", url=url)

    async def reload(self) -> None:
        """Load the page again, and return when the old one has gone."""
        await self.evaluate("window.isOld = true")
        await self.call("Page.reload")
        await self.until("!window.isOld")

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, or of the promise that it is.

        Raises:
            ScriptFailed: it has thrown, or its page went meanwhile.
        """
        words = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        try:
            answer = await self.call("Runtime.evaluate", **words)
        except Refused as exc:
            if "navigated" not in str(exc):
                raise
            raise ScriptFailed("the page went before it answered") from exc
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise ScriptFailed(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    async def until(self, expression: str, within: float = 20.0) -> Any:
        """Return an expression's value as soon as it is true; one that throws is not yet."""

        async def value() -> Any:
            try:
                return await self.evaluate(expression)
            except ScriptFailed:
                return None

        try:
            return await eventually(value, within)
        except AssertionError as exc:
            text = await self.evaluate("document.body?.innerText")
            raise AssertionError(f"{expression}: not within {within:g} s\n{text}") from exc

    async def fill(self, name: str, text: str) -> None:
        """Write into the field with this id, as a hand does."""
        await self.evaluate(f"document.getElementById({json.dumps(name)}).focus()")
        await self.evaluate("document.activeElement.select()")
        await self.call("Input.insertText", text=text)

    async def click(self, name: str) -> None:
        """Press the element with this id."""
        await self.evaluate(f"document.getElementById({json.dumps(name)}).click()")

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key: `Tab`, `Enter` or `Space`."""
        codes = {"Tab": (9, ""), "Enter": (13, "\r"), "Space": (32, " ")}
        number, text = codes[key]
        words: dict[str, Any] = {
            "key": " " if key == "Space" else key,
            "code": key,
            "windowsVirtualKeyCode": number,
            "modifiers": 8 if shift else 0,
        }
        await self.call("Input.dispatchKeyEvent", type="keyDown", **words, text=text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **words)

    async def look_like(self, width: int, height: int, scheme: str = "light") -> None:
        """Give the tab a size in pixels, and the user's wish for light or dark."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def screenshot(self) -> bytes:
        """Return what is seen, as a PNG file."""
        answer = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])

    def happened(self, method: str, event: dict[str, Any]) -> None:
        """Take an event of the protocol; for `Chromium`."""
        if method == "Runtime.exceptionThrown":
            details = event["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and event["entry"]["source"] in ("security", "violation"):
            self.errors.append(event["entry"]["text"])


class Chromium:
    """A browser with a profile of its own. Use as an async context: it never outlives the test."""

    def __init__(self, folder: Path) -> None:
        """Describe a browser.

        Args:
            folder: where its profile goes; a new one.
        """
        self._folder = folder
        # Whoever waits for the answer to a call, by its number; and the tabs by their sessions.
        self._calls: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = count(1)
        self._tabs: dict[str, Tab] = {}
        # Set by `__aenter__`.
        self._process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        program = shutil.which("chromium")
        if program is None:
            raise ChromiumMissing
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(program, *_FLAGS, f"--user-data-dir={self._folder / 'profile'}", "about:blank"),
                stdin=-3,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            await self._connect()
        except BaseException:
            await self.quit()
            raise
        return self

    async def _connect(self) -> None:
        told = self._folder / "profile" / "DevToolsActivePort"
        await eventually(lambda: told.exists() and "\n" in told.read_text(), within=_WITHIN)
        port, path = told.read_text().split()[:2]
        self._http = aiohttp.ClientSession()
        # Screenshots are large frames.
        self._socket = await self._http.ws_connect(f"ws://127.0.0.1:{port}{path}", max_msg_size=0)
        self._reading = asyncio.create_task(self._read(self._socket))

    async def open(self, url: str = "about:blank") -> Tab:
        """Open a tab that shares no storage with the others."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        target = await self.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = await self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        tab = self._tabs[attached["sessionId"]] = Tab(self, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log"):
            await tab.call(f"{domain}.enable")
        await tab.go(url)
        return tab

    async def call(self, method: str, session: str | None = None, **words: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol; raise `Refused` if it is refused."""
        assert self._socket is not None
        number = next(self._numbers)
        self._calls[number] = asyncio.get_running_loop().create_future()
        frame = {"id": number, "method": method, "params": words}
        await self._socket.send_json(frame if session is None else {**frame, "sessionId": session})
        async with asyncio.timeout(_ANSWER_WITHIN):
            answer = await self._calls[number]
        if "error" in answer:
            raise Refused(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            frame = json.loads(message.data)
            if "id" in frame:
                call = self._calls.pop(frame["id"])
                if not call.done():
                    call.set_result(frame)
            elif frame.get("sessionId") in self._tabs:
                self._tabs[frame["sessionId"]].happened(frame["method"], frame["params"])

    async def quit(self) -> None:
        """End it. Idempotent."""
        if self._process is not None and self._process.returncode is None:
            # All its processes at once: the one that holds the connections outlives the first one.
            os.killpg(self._process.pid, signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()
        if self._reading is not None:
            await self._reading
        if self._http is not None:
            await self._http.close()

    async def __aexit__(self, *_: object) -> None:
        await self.quit()

"""The display: what a person sees while a run goes on. It only shows what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

# Seconds between two lines of progress where no terminal shows it all the time.
_LINE_EVERY = 10.0


class Progress(Protocol):
    """Where a run stands."""

    def in_a_line(self) -> str:
        """Return it as one line."""

    def panel(self) -> RenderableType:
        """Return it as a panel of some lines."""


class Display(Protocol):
    """Shows lines, and how far the run has got."""

    def say(self, line: str) -> None:
        """Show a line for good."""

    async def follow(self, progress: Callable[[], Progress]) -> None:
        """Show how far it has got, again and again, until cancelled."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the terminal in order."""


class LineDisplay:
    """Plain lines, for pipes and logs."""

    def say(self, line: str) -> None:
        """Show a line for good."""
        print(line, flush=True)

    async def follow(self, progress: Callable[[], Progress]) -> None:
        """Show a line every ten seconds."""
        while True:
            await asyncio.sleep(_LINE_EVERY)
            self.say(progress().in_a_line())

    def __enter__(self) -> Self:
        """Do nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing."""


class LiveDisplay:
    """A panel that stays at the bottom of the terminal, below the lines."""

    def __init__(self, console: Console) -> None:
        self._live = Live(Text(""), console=console, refresh_per_second=5, transient=True)

    def say(self, line: str) -> None:
        """Show a line for good."""
        self._live.console.print(Text(line))

    async def follow(self, progress: Callable[[], Progress]) -> None:
        """Renew the panel several times a second."""
        while True:
            self._live.update(progress().panel())
            await asyncio.sleep(0.2)

    def __enter__(self) -> Self:
        """Take the bottom of the terminal."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give it back."""
        self._live.stop()


def make_display(console: Console) -> Display:
    """Return the display that fits where the output goes."""
    return LiveDisplay(console) if console.is_terminal else LineDisplay()

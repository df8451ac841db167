"""The display: what a person sees while a run goes on. It only shows what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

# Seconds between two lines of progress where no terminal shows it all the time.
_LINE_EVERY = 10.0


@dataclass(slots=True)
class Progress:
    """Where a run stands.

    Attributes:
        phase: what it does, in words.
        now: seconds after the begin of the faults.
        seconds: how long they go on.
        users: connected users of all.
        sent: messages.
        confirmed: of them.
        delivered: of them.
        outstanding: confirmed and not delivered yet.
        ghost: seconds that the longest ghost was seen.
        faults: those that go on.
    """

    phase: str = "starting"
    now: float = 0.0
    seconds: float = 1.0
    users: tuple[int, int] = (0, 0)
    sent: int = 0
    confirmed: int = 0
    delivered: int = 0
    outstanding: int = 0
    ghost: float = 0.0
    faults: Sequence[str] = field(default_factory=tuple)


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
            self.say(in_a_line(progress()))

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
            self._live.update(panel(progress()))
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


def in_a_line(progress: Progress) -> str:
    """Return the progress as one line."""
    connected, users = progress.users
    return (
        f"{progress.now:6.1f} s  {progress.phase}: {connected}/{users} connected, "
        f"sent {progress.sent}, confirmed {progress.confirmed}, delivered {progress.delivered}, "
        f"outstanding {progress.outstanding}"
    )


def panel(progress: Progress) -> Group:
    """Return the progress as a panel of some lines."""
    connected, users = progress.users
    table = Table.grid(padding=(0, 2))
    done = min(max(progress.now, 0.0), progress.seconds)
    head = f"{progress.phase}, {done:.0f} of {progress.seconds:.0f} s"
    table.add_row(head, ProgressBar(total=progress.seconds, completed=done, width=40))
    table.add_row("connected", f"{connected} of {users} users")
    table.add_row(
        "messages",
        f"sent {progress.sent}  confirmed {progress.confirmed}  delivered {progress.delivered}"
        f"  outstanding {progress.outstanding}",
    )
    table.add_row("ghosts", f"{progress.ghost:.1f} s")
    table.add_row("faults", Text(", ".join(progress.faults) or "none", style="red"))
    return Group(Text(""), table)

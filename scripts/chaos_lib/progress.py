"""The progress of a run of chaos, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text


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

    def in_a_line(self) -> str:
        """Return the progress as one line."""
        connected, users = self.users
        return (
            f"{self.now:6.1f} s  {self.phase}: {connected}/{users} connected, "
            f"sent {self.sent}, confirmed {self.confirmed}, delivered {self.delivered}, "
            f"outstanding {self.outstanding}"
        )

    def panel(self) -> Group:
        """Return the progress as a panel of some lines."""
        connected, users = self.users
        table = Table.grid(padding=(0, 2))
        done = min(max(self.now, 0.0), self.seconds)
        head = f"{self.phase}, {done:.0f} of {self.seconds:.0f} s"
        table.add_row(head, ProgressBar(total=self.seconds, completed=done, width=40))
        table.add_row("connected", f"{connected} of {users} users")
        table.add_row(
            "messages",
            f"sent {self.sent}  confirmed {self.confirmed}  delivered {self.delivered}"
            f"  outstanding {self.outstanding}",
        )
        table.add_row("ghosts", f"{self.ghost:.1f} s")
        table.add_row("faults", Text(", ".join(self.faults) or "none", style="red"))
        return Group(Text(""), table)

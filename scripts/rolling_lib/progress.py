"""The progress of a rolling restart, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Group
from rich.table import Table
from rich.text import Text


@dataclass(slots=True)
class Progress:
    """Where a run stands.

    Attributes:
        phase: what it does, in words.
        now: seconds after the begin.
        clients: connected clients of all.
        sent: messages.
        confirmed: of them.
        delivered: of them.
        outstanding: confirmed and not delivered yet.
        reconnects: new channels since the begin.
        gaps: clients that have been without a channel.
    """

    phase: str
    now: float
    clients: tuple[int, int]
    sent: int
    confirmed: int
    delivered: int
    outstanding: int
    reconnects: int
    gaps: int

    def in_a_line(self) -> str:
        """Return the progress as one line."""
        return f"{self.now:6.1f} s  {self.phase}: {self._connected()}, {self._messages()}"

    def panel(self) -> Group:
        """Return the progress as a panel of some lines."""
        table = Table.grid(padding=(0, 2))
        table.add_row(self.phase, f"{self.now:.0f} s")
        table.add_row("clients", f"{self._connected()}, {self.gaps} of them lost their channel")
        table.add_row("reconnects", str(self.reconnects))
        table.add_row("messages", self._messages())
        return Group(Text(""), table)

    def _connected(self) -> str:
        return f"{self.clients[0]}/{self.clients[1]} connected"

    def _messages(self) -> str:
        return (
            f"sent {self.sent}, confirmed {self.confirmed}, delivered {self.delivered}, "
            f"outstanding {self.outstanding}"
        )

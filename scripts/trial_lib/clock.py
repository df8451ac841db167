"""The clock of a trial."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Seconds since the begin: of the run, then of what is done in it."""

    begin: float = field(default_factory=time.monotonic)

    def restart(self) -> None:
        """Count from now on."""
        self.begin = time.monotonic()

    def __call__(self) -> float:
        """Return the seconds."""
        return time.monotonic() - self.begin

"""How far two clocks are apart, as far as a question and its answer can tell. Pure."""

from dataclasses import dataclass

from server.doctor.finding import Findings

# Seconds. Messages carry the node's time, and ages in the store are counted by Redis's.
TOLERATED = 2.0


@dataclass(frozen=True, slots=True)
class Skew:
    """A service's clock beside this machine's.

    Attributes:
        ahead: seconds by which the service's clock is ahead; negative if it is behind.
        error: seconds by which that may be wrong, since the answer took its time.
    """

    ahead: float
    error: float

    @classmethod
    def measured(cls, before: float, theirs: float, after: float) -> "Skew":
        """Return what follows from a clock that was read between two looks at our own."""
        return cls(theirs - (before + after) / 2, (after - before) / 2)

    def is_certain(self) -> bool:
        """Tell whether the clocks are surely further apart than is tolerated."""
        return abs(self.ahead) - self.error > TOLERATED


def judge_clock(skew: Skew, findings: Findings) -> None:
    """Add what follows from the clocks of a service and of this machine."""
    found = f"{abs(skew.ahead):.1f} s {'ahead of' if skew.ahead > 0 else 'behind'} this machine"
    if skew.is_certain():
        findings.warn(
            "clock",
            found,
            "messages bear the time of their node, and ages are counted by another clock",
            "have both machines keep time: timedatectl set-ntp true",
        )
    else:
        findings.ok("clock", found)

"""The degradation: why messages between nodes may take longer now. Pure state, told to clients."""

from collections.abc import Callable

from cluster.frames import Status


class Degradation:
    """The reasons for which the fast path may fail now; usually none."""

    def __init__(self) -> None:
        # The services that are away.
        self.reasons: set[str] = set()
        # Called when a reason has come or gone.
        self.on_change: Callable[[], None] = _nothing

    def set(self, reason: str, present: bool) -> bool:
        """Note that a reason is there, or not any more; return whether that is news."""
        if present == (reason in self.reasons):
            return False
        if present:
            self.reasons.add(reason)
        else:
            self.reasons.discard(reason)
        self.on_change()
        return True

    def frame(self) -> Status:
        """Return what clients are told."""
        return Status(degraded=tuple(sorted(self.reasons)))


def _nothing() -> None:
    """Do nothing: nobody wants to know."""

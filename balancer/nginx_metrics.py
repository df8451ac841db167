"""The numbers of `balancer nginx` for Prometheus. It counts; it decides nothing."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from cluster.snapshot import Snapshot


class NginxMetrics:
    """The numbers of one follower, in a registry of their own."""

    def __init__(self, snapshot: Callable[[], Snapshot], in_step: Callable[[], bool]) -> None:
        """Begin at zero.

        Args:
            snapshot: returns the nodes as last known.
            in_step: returns whether file and nginx are up to date.
        """
        self.registry = CollectorRegistry()
        # Files that were put in place and passed the test.
        self.writes = self._counter("writes", "Files written that passed the test.")
        # Files that the test refused; each was put back.
        self.refused = self._counter("refused", "Files put back since the test refused them.")
        # Files that could not be read or written.
        self.errors = self._counter("file_errors", "Times that the file could not be written.")
        # Reloads, and those that failed.
        self.reloads = self._counter("reloads", "Reloads of nginx that succeeded.")
        self.failed_reloads = self._counter("failed_reloads", "Reloads of nginx that failed.")
        self._gauge("nodes", "Nodes in the list.", lambda: len(snapshot().records))
        self._gauge(
            "snapshot_stale",
            "1 while the registry cannot confirm the list; nothing is written then.",
            lambda: snapshot().stale,
        )
        self._gauge("in_step", "1 while nginx has what the registry shows.", in_step)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"im_nginx_{name}", text, registry=self.registry)

    def _gauge(self, name: str, text: str, function: Callable[[], float]) -> None:
        Gauge(f"im_nginx_{name}", text, registry=self.registry).set_function(function)

"""A balancer's numbers for Prometheus. It counts; it decides nothing."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from balancer.failures import FailureMemory
from balancer.feed import Feed

# A pick takes microseconds with few nodes, a millisecond with a thousand.
_PICK_BUCKETS = (0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)


class Metrics:
    """The numbers of one balancer, in a registry of their own: several can live in one process."""

    def __init__(
        self,
        feed: Feed,
        failures: FailureMemory,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin at zero.

        Args:
            feed: where the snapshot is; looked at whenever the numbers are read.
            failures: where it is known which nodes are ejected.
            clock: returns monotonic seconds.
        """
        self.registry = CollectorRegistry()
        # Picks that named a node, by the policy's name.
        self.picks = Counter(
            "im_balancer_picks", "Nodes picked.", ["policy"], registry=self.registry
        )
        # Picks that found no node; each was answered by a 503.
        self.unanswered = Counter(
            "im_balancer_unanswered",
            "Requests for a node when there was none.",
            registry=self.registry,
        )
        # All answers, by path and status.
        self.requests = Counter(
            "im_balancer_requests", "Requests.", ["path", "status"], registry=self.registry
        )
        # How long picking took, without HTTP.
        self.pick_seconds = Histogram(
            "im_balancer_pick_seconds",
            "Time to pick a node.",
            registry=self.registry,
            buckets=_PICK_BUCKETS,
        )
        # Requests that wait for another version of the list.
        self.waiting = Gauge(
            "im_balancer_waiting", "Long polls that wait for a change.", registry=self.registry
        )
        self._add_gauges(feed, failures, clock)

    def _add_gauges(self, feed: Feed, failures: FailureMemory, clock: Callable[[], float]) -> None:
        def age() -> float:
            known = feed.snapshot.age(clock())
            return float("nan") if known is None else known

        def draining() -> int:
            return sum(record.state == "draining" for record in feed.snapshot.records)

        def ejected() -> int:
            records = feed.snapshot.records
            return len(failures.ejected([r.node_id for r in records if r.state == "up"]))

        gauges: dict[str, tuple[str, Callable[[], float]]] = {
            "nodes": ("Nodes in the list.", lambda: len(feed.snapshot.records)),
            "draining_nodes": ("Nodes that take no new clients.", draining),
            "ejected_nodes": ("Nodes avoided since they refused connections.", ejected),
            "snapshot_version": (
                "Number of the list; it grows with every change.",
                lambda: feed.snapshot.version,
            ),
            "snapshot_age_seconds": ("Time since the list was confirmed; NaN if never.", age),
            "snapshot_stale": (
                "1 while the registry cannot confirm the list.",
                lambda: feed.snapshot.stale,
            ),
            "bad_records": ("Entries passed over: they held no record.", lambda: feed.bad_records),
        }
        for name, (text, function) in gauges.items():
            gauge = Gauge(f"im_balancer_{name}", text, registry=self.registry)
            gauge.set_function(function)

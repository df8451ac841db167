"""A gateway's numbers for Prometheus. It counts; it decides nothing."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from cluster.snapshot import Snapshot

_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class GatewayMetrics:
    """The numbers of one gateway, in a registry of their own."""

    def __init__(self, snapshot: Callable[[], Snapshot], connections: Callable[[], int]) -> None:
        """Begin at zero.

        Args:
            snapshot: returns the nodes as last known.
            connections: returns how many clients are connected to nodes.
        """
        self.registry = CollectorRegistry()
        # Clients that were connected to a node.
        self.picks = self._counter("picks", "Clients connected to a node.", "policy")
        # Nodes that a client was not connected to, so that the next was tried.
        self.retries = self._counter("retries", "Nodes passed over, by what they did.", "reason")
        # Clients that the gateway turned away itself.
        self.refused = self._counter("refused", "Clients turned away by the gateway.", "reason")
        # Answers of nodes other than 101 and 5xx, which clients get as they are.
        self.passed = self._counter("passed", "Refusals of nodes that were passed on.", "status")
        # From the request to the answer of the node that took the client.
        self.seconds = Histogram(
            "im_gateway_handshake_seconds",
            "Time to connect a client to a node.",
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._gauge("connections", "Clients connected to nodes.", connections)
        self._gauge("nodes", "Nodes in the list.", lambda: len(snapshot().records))
        self._gauge(
            "snapshot_stale",
            "1 while the registry cannot confirm the list.",
            lambda: snapshot().stale,
        )

    def _counter(self, name: str, text: str, label: str) -> Counter:
        return Counter(f"im_gateway_{name}", text, [label], registry=self.registry)

    def _gauge(self, name: str, text: str, function: Callable[[], float]) -> None:
        Gauge(f"im_gateway_{name}", text, registry=self.registry).set_function(function)

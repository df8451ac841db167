"""A node's numbers for Prometheus, read off its plain counters when it is asked."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from server.stats import Stats

_TOTALS = {
    "received": "Messages taken from clients.",
    "stored": "Messages stored in an inbox.",
    "repeated": "Messages sent again that had been stored before.",
    "delivered": "Messages written to a channel.",
    "replayed": "Messages read from the inbox, on connect or to fill a gap.",
    "batches": "Appends to the inbox.",
    "failed": "Messages in a batch whose append failed.",
    "published": "Batches published on the bus.",
    "unpublished": "Batches that the bus did not take.",
    "bad_batches": "Batches from the bus that could not be read.",
    "bad_records": "Entries in the registry that hold no node record.",
    "receive_errors": "Batches from the bus that failed unexpectedly.",
    "slow": "Channels cut off because they did not read.",
    "floods": "Channels cut off because they sent too many control frames or fragments.",
    "gaps": "Times that the inbox had to be read for a live channel.",
    "swept": "Dead incarnations swept out of the directory.",
    "unexpected": "Tasks of the node that failed unexpectedly and went on.",
}

_BY_LABEL = {
    "handshakes": ("result", "WebSocket handshakes, by `accepted`, `cut` or the HTTP status."),
    "turned_away": ("reason", "Handshakes answered with 503 and Retry-After, by why."),
    "closes": ("code", "Channels that ended, by close code."),
    "refused": ("code", "Frames and connects refused, by error code."),
    "moved": ("reason", "Channels told to move to another node, by why."),
}

Gauges = Callable[[], dict[str, tuple[str, float]]]


class NodeCollector(Collector):
    """Turns a node's counters into metrics when Prometheus asks."""

    def __init__(self, stats: Stats, gauges: Gauges) -> None:
        """Make a collector.

        Args:
            stats: the totals.
            gauges: returns what is to be measured now: name → (help, value).
        """
        self._stats = stats
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        gauges = self._gauges()
        for name, text in _TOTALS.items():
            yield CounterMetricFamily(f"im_server_{name}", text, getattr(self._stats, name))
        for name, (label, text) in _BY_LABEL.items():
            family = CounterMetricFamily(f"im_server_{name}", text, labels=[label])
            for value, count in getattr(self._stats, name).items():
                family.add_metric([value], count)
            yield family
        for name, (text, number) in gauges.items():
            yield GaugeMetricFamily(f"im_server_{name}", text, number)


def metrics_registry(stats: Stats, gauges: Gauges) -> CollectorRegistry:
    """Return a registry of its own, so that several nodes can live in one process."""
    registry = CollectorRegistry()
    registry.register(NodeCollector(stats, gauges))
    return registry

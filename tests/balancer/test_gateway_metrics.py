"""The numbers of a gateway."""

from __future__ import annotations

from balancer.gateway_metrics import GatewayMetrics
from tests.balancer.nodes import node, snapshot


def test_they_follow_list_and_connections_and_count() -> None:
    known = [snapshot(node("a"), node("b")).as_stale()]
    metrics = GatewayMetrics(lambda: known[0], lambda: 7)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"im_gateway_{name}", labels)

    assert [value(name) for name in ("nodes", "snapshot_stale", "connections")] == [2, 1, 7]
    metrics.refused.labels("full").inc()
    assert value("refused_total", reason="full") == 1
    metrics.seconds.observe(0.2)
    assert value("handshake_seconds_count") == 1

"""The numbers of `balancer nginx`."""

from __future__ import annotations

from balancer.nginx_metrics import NginxMetrics
from cluster.snapshot import Snapshot
from tests.balancer.nodes import node, snapshot


def test_they_follow_the_list_and_count() -> None:
    known = [Snapshot()]
    metrics = NginxMetrics(lambda: known[0], lambda: len(known[0].records) == 2)

    def value(name: str) -> float | None:
        return metrics.registry.get_sample_value(f"im_nginx_{name}")

    assert [value(name) for name in ("nodes", "snapshot_stale", "in_step")] == [0, 1, 0]
    known[0] = snapshot(node("a"), node("b"))
    assert [value(name) for name in ("nodes", "snapshot_stale", "in_step")] == [2, 0, 1]
    metrics.writes.inc()
    counted = ("writes", "refused", "file_errors", "reloads", "failed_reloads")
    assert [value(f"{name}_total") for name in counted] == [1, 0, 0, 0, 0]

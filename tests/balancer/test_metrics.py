"""Tests of the metrics."""

import math

from balancer.failures import FailureMemory
from balancer.feed import Feed
from balancer.metrics import Metrics
from tests.balancer.nodes import node
from tests.balancer.registries import HandRegistry


async def test_the_gauges_show_the_snapshot_of_the_moment() -> None:
    registry = HandRegistry()
    feed = Feed(registry, wait=None)
    failures = FailureMemory(lambda: 0.0)
    now = 0.0
    value = Metrics(feed, failures, clock=lambda: now).registry.get_sample_value
    assert math.isnan(value("im_balancer_snapshot_age_seconds") or 0)
    assert value("im_balancer_snapshot_stale") == 1

    await feed.join()
    registry.membership.show(node("a"), node("b", draining=True), node("c"))
    failures.failed("a")
    registry.membership.bad_records = 3
    now = (feed.snapshot.confirmed or 0) + 4.0
    assert value("im_balancer_nodes") == 3
    assert value("im_balancer_draining_nodes") == 1
    assert value("im_balancer_ejected_nodes") == 1
    assert value("im_balancer_snapshot_version") == 1
    assert value("im_balancer_snapshot_stale") == 0
    assert value("im_balancer_snapshot_age_seconds") == 4.0
    assert value("im_balancer_bad_records") == 3


async def test_two_balancers_count_apart() -> None:
    feed = Feed(HandRegistry(), wait=None)
    failures = FailureMemory(lambda: 0.0)
    one, two = Metrics(feed, failures), Metrics(feed, failures)
    one.picks.labels("round_robin").inc()
    labels = {"policy": "round_robin"}
    assert one.registry.get_sample_value("im_balancer_picks_total", labels) == 1
    assert two.registry.get_sample_value("im_balancer_picks_total", labels) is None

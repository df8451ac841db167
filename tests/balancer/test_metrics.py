"""Tests of the metrics."""

import math

from balancer.feed import Feed
from balancer.metrics import Metrics
from tests.balancer.nodes import node
from tests.balancer.registries import HandRegistry


async def test_the_gauges_show_the_snapshot_of_the_moment() -> None:
    registry = HandRegistry()
    feed = Feed(registry, wait=None)
    now = 0.0
    value = Metrics(feed, clock=lambda: now).registry.get_sample_value
    assert math.isnan(value("im_balancer_snapshot_age_seconds") or 0)
    assert value("im_balancer_snapshot_stale") == 1

    await feed.join()
    registry.membership.show(node("a"), node("b", draining=True))
    registry.membership.bad_records = 3
    now = (feed.snapshot.confirmed or 0) + 4.0
    assert value("im_balancer_nodes") == 2
    assert value("im_balancer_draining_nodes") == 1
    assert value("im_balancer_snapshot_version") == 1
    assert value("im_balancer_snapshot_stale") == 0
    assert value("im_balancer_snapshot_age_seconds") == 4.0
    assert value("im_balancer_bad_records") == 3


async def test_two_balancers_count_apart() -> None:
    feed = Feed(HandRegistry(), wait=None)
    one, two = Metrics(feed), Metrics(feed)
    one.picks.labels("round_robin").inc()
    labels = {"policy": "round_robin"}
    assert one.registry.get_sample_value("im_balancer_picks_total", labels) == 1
    assert two.registry.get_sample_value("im_balancer_picks_total", labels) is None

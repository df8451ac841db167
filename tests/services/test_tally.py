"""Tests are counted by the services they touch."""

from __future__ import annotations

from tests.services.tally import Tally


def test_counts_by_the_roots_of_fixtures() -> None:
    tally = Tally()
    tally.count(["zk_hosts", "zookeeper", "redis_url"])
    tally.count(["own_redis", "redis_url"])
    tally.count(["tmp_path"])
    assert tally.tests == {"ZooKeeper": 1, "Redis": 2, "RabbitMQ": 0}


def test_says_where_each_service_was_found() -> None:
    tally = Tally()
    tally.count(["zookeeper"])
    tally.origins["ZooKeeper"].add("container image zookeeper:3.9.3")
    assert tally.line() == (
        "real services: ZooKeeper 1 test (container image zookeeper:3.9.3), "
        "Redis 0 tests, RabbitMQ 0 tests"
    )

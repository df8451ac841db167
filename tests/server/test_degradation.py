"""The degradation: what is away, told once for each change."""

from server.degradation import Degradation


def test_changes_are_told_and_repetitions_are_not() -> None:
    degradation, told = Degradation(), list[tuple[str, ...]]()
    assert degradation.set("Redis", False) is False
    degradation.on_change = lambda: told.append(degradation.frame().degraded)
    assert degradation.set("ZooKeeper", True)
    assert not degradation.set("ZooKeeper", True)
    assert degradation.set("RabbitMQ", True)
    assert degradation.set("ZooKeeper", False)
    assert degradation.set("RabbitMQ", False)
    assert told == [("ZooKeeper",), ("RabbitMQ", "ZooKeeper"), ("RabbitMQ",), ()]


def test_nobody_has_to_listen() -> None:
    assert Degradation().set("RabbitMQ", True)

"""The parts of a cluster are called what options and reports call them."""

from __future__ import annotations

from scripts.trial_lib.target import SERVICES, Target


def test_services_are_among_the_parts() -> None:
    assert [str(service) for service in SERVICES] == ["zookeeper", "redis", "rabbitmq"]
    assert set(SERVICES) < set(Target)

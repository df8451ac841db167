"""The services that are not given are started."""

from __future__ import annotations

from dataclasses import replace

from scripts.trial_lib.target import SERVICES, Target
from tests.scripts.rolling_world import OPTIONS


def test_services_that_are_not_given_are_own_ones() -> None:
    assert OPTIONS.own_services == SERVICES
    given = replace(OPTIONS, services={Target.REDIS: "redis://r1"})
    assert given.own_services == (Target.ZOOKEEPER, Target.RABBITMQ)

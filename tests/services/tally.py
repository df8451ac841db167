"""Count the tests that touch each real service, and say so at the end of the run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

_FIXTURES = {
    "ZooKeeper": {"zookeeper", "own_zookeeper"},
    "Redis": {"redis_url", "own_redis"},
    "RabbitMQ": {"amqp_url", "own_rabbitmq"},
}
"""The fixtures at the root of all others that lead to a service."""


@dataclass
class Tally:
    """What one run of the tests has used."""

    # Tests by service; raised by `count`.
    tests: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_FIXTURES, 0))
    # Where each service was found; set by the fixtures that connect to it.
    origins: dict[str, set[str]] = field(
        default_factory=lambda: {name: set() for name in _FIXTURES}
    )

    def count(self, fixtures: Collection[str]) -> None:
        """Count one test by the fixtures it has used, directly or not."""
        for service, roots in _FIXTURES.items():
            self.tests[service] += not roots.isdisjoint(fixtures)

    def line(self) -> str:
        """Return the line for the summary."""
        return "real services: " + ", ".join(self._part(service) for service in _FIXTURES)

    def _part(self, service: str) -> str:
        count = self.tests[service]
        origins = "; ".join(sorted(self.origins[service]))
        return f"{service} {count} test{'' if count == 1 else 's'}" + f" ({origins})" * bool(
            origins
        )

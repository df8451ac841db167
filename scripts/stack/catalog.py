"""The three services and the ports they are wanted on. Reads the environment it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scripts.stack.errors import StackError
from scripts.stack.service import Service
from scripts.stack.service_rabbitmq import RABBITMQ
from scripts.stack.service_redis import REDIS
from scripts.stack.service_zookeeper import ZOOKEEPER

SERVICES = {service.name: service for service in (ZOOKEEPER, REDIS, RABBITMQ)}


@dataclass(frozen=True)
class Wanted:
    """A service and the port of this machine on which it is to answer."""

    service: Service
    port: int

    @property
    def key(self) -> str:
        """Name its folder under `.run/services/`."""
        return f"{self.service.name}-{self.port}"


def wanted(names: Sequence[str], environ: Mapping[str, str]) -> list[Wanted]:
    """Return the named services, all of them for no names.

    Raises:
        StackError: a name or a port that isn't one.
    """
    for name in names:
        if name not in SERVICES:
            raise StackError(f"unknown service {name!r}", f"choose from {', '.join(SERVICES)}")
    chosen = names or list(SERVICES)
    return [Wanted(SERVICES[name], _port(SERVICES[name], environ)) for name in chosen]


def _port(service: Service, environ: Mapping[str, str]) -> int:
    text = environ.get(service.port_variable) or str(service.port)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise StackError(f"{service.port_variable}={text!r}", "set it to a port, 1 to 65535")
    return int(text)

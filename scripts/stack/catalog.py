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
    services = [SERVICES[name] for name in chosen]
    return [Wanted(one, port_of(one.port_variable, one.port, environ)) for one in services]


def port_of(variable: str, default: int, environ: Mapping[str, str]) -> int:
    """Return the port that a variable names.

    Raises:
        StackError: it holds something that isn't a port.
    """
    text = environ.get(variable) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise StackError(f"{variable}={text!r}", "set it to a port, 1 to 65535")
    return int(text)

"""Addresses of services: where they lead, and the same ones led through forwarders. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from cluster.address import parse_host_port, parse_zookeeper
from cluster.errors import InvalidAddress
from scripts.trial_lib.target import Target

_SCHEMES = {Target.REDIS: ("redis", 6379), Target.RABBITMQ: ("amqp", 5672)}


def endpoints(target: Target, address: str) -> list[tuple[str, int]]:
    """Return host and port of every server that an address names.

    Raises:
        InvalidAddress: it is not of the form that this service's addresses have, or names TLS:
            certificates would not fit the forwarder.
    """
    if target is Target.ZOOKEEPER:
        return [parse_host_port(part) for part in parse_zookeeper(address).hosts.split(",")]
    scheme, port = _SCHEMES[target]
    try:
        parts = urlsplit(address)
        found = parts.hostname, parts.port or port
    except ValueError as exc:
        raise InvalidAddress(address, f"{scheme}://HOST:PORT") from exc
    if parts.scheme != scheme or not found[0]:
        raise InvalidAddress(address, f"{scheme}://HOST:PORT")
    return [(found[0], found[1])]


def led_through(target: Target, address: str, ports: Sequence[int]) -> str:
    """Return an address that leads through ports of this machine, one for each endpoint."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    if target is Target.ZOOKEEPER:
        return hosts + parse_zookeeper(address).chroot
    parts = urlsplit(address)
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{hosts}"))

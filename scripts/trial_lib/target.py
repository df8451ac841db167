"""The parts of a cluster to which something can be done. Pure."""

from __future__ import annotations

from enum import StrEnum


class Target(StrEnum):
    """A kind of part."""

    NODE = "node"
    ZOOKEEPER = "zookeeper"
    REDIS = "redis"
    RABBITMQ = "rabbitmq"
    BALANCER = "balancer"
    USERS = "users"


SERVICES = (Target.ZOOKEEPER, Target.REDIS, Target.RABBITMQ)

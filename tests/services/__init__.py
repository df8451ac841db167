"""The real services that tests run against, and how a test makes them fail.

Fixtures are in `tests/conftest.py`; what a test imports itself is here.
"""

from __future__ import annotations

from scripts.stack.forwarder import Forwarder
from scripts.stack.ports import free_port
from tests.services.eventually import eventually
from tests.services.own_rabbitmq import OwnRabbitMQ
from tests.services.own_redis import OwnRedis
from tests.services.zookeeper import ZooKeeper

__all__ = ["Forwarder", "OwnRabbitMQ", "OwnRedis", "ZooKeeper", "eventually", "free_port"]

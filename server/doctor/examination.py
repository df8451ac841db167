"""Everything that `server doctor` looks at, in one go: each subject asked, then judged."""

import asyncio
from dataclasses import dataclass

from cluster.address import ZookeeperAddress
from server.doctor.finding import Finding
from server.doctor.machine import judge_machine
from server.doctor.machine_probe import look_at_machine
from server.doctor.rabbitmq import judge_rabbitmq
from server.doctor.rabbitmq_probe import ask_rabbitmq
from server.doctor.redis import judge_redis
from server.doctor.redis_probe import ask_redis
from server.doctor.zookeeper import judge_zookeeper
from server.doctor.zookeeper_probe import ask_zookeeper


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is to be examined.

    Attributes:
        zk: the ensemble, with its chroot.
        redis: URL of the store.
        amqp: URL of the broker.
        cluster: the cluster's name.
        session_timeout: seconds, what a node asks ZooKeeper for.
        max_connections: how many clients a node is to take; None if that is not said.
        timeout: seconds that a service may take for an answer.
    """

    zk: ZookeeperAddress
    redis: str
    amqp: str
    cluster: str
    session_timeout: float
    max_connections: int | None
    timeout: float


async def examine(patient: Patient) -> list[Finding]:
    """Return the findings about the services and this machine; the services are asked at once."""
    zookeeper, redis, rabbitmq = await asyncio.gather(
        ask_zookeeper(patient.zk, patient.cluster, patient.session_timeout, patient.timeout),
        ask_redis(patient.redis, patient.cluster, patient.timeout),
        ask_rabbitmq(patient.amqp, patient.cluster, patient.timeout),
    )
    return [
        *judge_zookeeper(zookeeper),
        *judge_redis(redis),
        *judge_rabbitmq(rabbitmq),
        *judge_machine(look_at_machine(), patient.max_connections),
    ]

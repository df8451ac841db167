"""The whole examination, of real services that are as they should be."""

from cluster.address import parse_zookeeper
from server.doctor.examination import Patient, examine
from server.doctor.finding import Level
from tests.server.doctor.told import bad


async def test_every_subject_is_looked_at(
    zk_hosts: str, redis_url: str, amqp_url: str, cluster_name: str
) -> None:
    patient = Patient(
        zk=parse_zookeeper(zk_hosts),
        redis=redis_url,
        amqp=amqp_url,
        cluster=cluster_name,
        session_timeout=6.0,
        max_connections=1,
        timeout=20.0,
    )
    findings = await examine(patient)
    subjects = list(dict.fromkeys(finding.subject for finding in findings))
    assert subjects == ["ZooKeeper", "Redis", "RabbitMQ", "machine"]
    assert [finding for finding in bad(findings) if finding.level is Level.FAIL] == []

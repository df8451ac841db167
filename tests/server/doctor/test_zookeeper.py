"""The judgement of a ZooKeeper."""

from dataclasses import replace

import pytest

from cluster.address import ZookeeperAddress
from server.doctor.clock import Skew
from server.doctor.finding import Level
from server.doctor.zookeeper import ZookeeperFacts, judge_zookeeper
from server.doctor.zookeeper_words import Granted
from tests.server.doctor.told import bad, levels

SRVR = "Zookeeper version: 3.8.0-5a02a05, built on 2022\nLatency min/avg/max: 0/0/0\nMode: {}\n"
GOOD = ZookeeperFacts(
    ZookeeperAddress("zk1:2181,zk2:2181", "/prod"),
    "/im/nodes",
    6.0,
    servers={"zk1:2181": SRVR.format("leader"), "zk2:2181": SRVR.format("follower")},
    granted=Granted(6.0, read_only=False),
    chroot=True,
    trial="",
    skew=Skew(0.0, 0.1),
)
DOWN = replace(GOOD, failure="does not answer within 3 s", granted=None, trial=None, skew=None)


def test_a_good_one_passes() -> None:
    findings = judge_zookeeper(GOOD)
    assert bad(findings) == []
    assert "zk2:2181 has 3.8.0, follower" in [finding.found for finding in findings]


def test_one_that_keeps_its_version_secret_passes() -> None:
    silent = "srvr is not executed because it is not in the whitelist."
    findings = judge_zookeeper(replace(GOOD, servers={"zk1:2181": silent}))
    assert bad(findings) == []
    assert "does not tell" in " ".join(finding.found for finding in findings)


@pytest.mark.parametrize(
    ("facts", "level", "check", "found", "cure"),
    [
        (
            replace(GOOD, servers={**GOOD.servers, "zk3:2181": None}),
            *(Level.WARN, "reachable", "not zk3:2181", "systemctl start zookeeper"),
        ),
        (
            replace(GOOD, servers={"zk1:2181": "Zookeeper version: 3.4.14-x\n"}),
            *(Level.WARN, "version", "3.4.14", "upgrade"),
        ),
        (
            replace(GOOD, granted=Granted(40.0, read_only=False)),
            *(Level.WARN, "session timeout", "40 s granted", "tickTime"),
        ),
        (
            replace(GOOD, chroot=False, trial=None),
            *(Level.FAIL, "chroot", "/prod does not exist", "zkCli.sh -server zk1:2181 create"),
        ),
        (
            replace(GOOD, trial="NoAuthError"),
            *(Level.FAIL, "rights", "NoAuthError", "getAcl /prod/im/nodes"),
        ),
        (replace(GOOD, skew=Skew(60.0, 0.1)), Level.WARN, "clock", "60.0 s ahead", "timedatectl"),
        (
            replace(DOWN, servers={"zk1:2181": None, "zk2:2181": None}),
            *(Level.FAIL, "reachable", "does not answer within 3 s", "--zk"),
        ),
        (
            replace(DOWN, servers={"zk1:2181": "This instance is not currently serving requests"}),
            *(Level.FAIL, "reachable", "has no leader", "--zk"),
        ),
        (
            replace(DOWN, granted=Granted(6.0, read_only=True)),
            *(Level.FAIL, "mode", "read-only", "start the others"),
        ),
    ],
)
def test_each_fault_is_told_with_its_cure(
    facts: ZookeeperFacts, level: Level, check: str, found: str, cure: str
) -> None:
    [finding] = bad(judge_zookeeper(facts))
    assert (finding.level, finding.check) == (level, check)
    assert found in finding.found
    assert cure in finding.cure


def test_nothing_is_said_of_what_was_not_tried() -> None:
    assert "rights" not in levels(judge_zookeeper(replace(GOOD, trial=None)))
    assert "chroot" not in levels(judge_zookeeper(replace(GOOD, chroot=None)))

"""Whether a ZooKeeper is fit to hold the registry: a judgement of facts. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.address import ZookeeperAddress
from server.doctor.clock import Skew, judge_clock
from server.doctor.finding import Finding, Findings
from server.doctor.zookeeper_words import Granted

LEAST_VERSION = (3, 5)

_VERSION = re.compile(r"Zookeeper version: ([0-9.]+)")
_MODE = re.compile(r"^Mode: (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ZookeeperFacts:
    """What the probe has seen.

    Attributes:
        address: the ensemble, with the chroot.
        path: the cluster's, below the chroot.
        asked: the session timeout that a node asks for, in seconds.
        servers: for each server of the ensemble what it said to `srvr`; None if it did not answer.
        granted: what the first server that answered granted; None if none did.
        failure: why no session could be had; None if one could.
        chroot: whether it exists; None if there is none, or it was not seen.
        trial: why a znode could not be made, read and deleted below the path; empty if it could,
            None if it was not tried.
        skew: the leader's clock beside this machine's; None if it was not seen.
    """

    address: ZookeeperAddress
    path: str
    asked: float
    servers: Mapping[str, str | None] = field(default_factory=dict)
    granted: Granted | None = None
    failure: str | None = None
    chroot: bool | None = None
    trial: str | None = None
    skew: Skew | None = None


def judge_zookeeper(facts: ZookeeperFacts) -> list[Finding]:
    """Return the findings."""
    findings = Findings("ZooKeeper")
    _judge_servers(facts, findings)
    if facts.failure is not None:
        return findings.made
    _judge_versions(facts, findings)
    if facts.granted is not None:
        _judge_timeout(facts.granted.timeout, facts.asked, findings)
    if facts.chroot is not None:
        _judge_chroot(facts, findings)
    if facts.trial is not None:
        _judge_trial(facts, facts.trial, findings)
    if facts.skew is not None:
        judge_clock(facts.skew, findings)
    return findings.made


def _judge_servers(facts: ZookeeperFacts, findings: Findings) -> None:
    silent = [server for server, answer in facts.servers.items() if answer is None]
    if facts.failure is not None:
        _judge_failure(facts, facts.failure, findings)
    elif silent:
        findings.warn(
            "reachable",
            f"{facts.address}, but not {', '.join(silent)}",
            "each server that is missing is one failure less that the ensemble bears",
            "start it: systemctl start zookeeper; or take it out of --zk",
        )
    else:
        findings.ok("reachable", str(facts.address))


def _judge_failure(facts: ZookeeperFacts, failure: str, findings: Findings) -> None:
    if facts.granted is not None and facts.granted.read_only:
        findings.fail(
            "mode",
            f"{facts.address} is read-only",
            "it has lost the other servers: no node can register",
            "start the others: systemctl start zookeeper; see: echo srvr | nc HOST 2181",
        )
        return
    serving = "not currently serving"
    if any(serving in (answer or "") for answer in facts.servers.values()):
        failure = f"it answers, but has no leader ({serving})"
    findings.fail(
        "reachable",
        f"{facts.address}: {failure}",
        "no node can register, and none starts",
        "start it: systemctl start zookeeper, or scripts/services up zookeeper; "
        "or name another with --zk",
    )


def _judge_versions(facts: ZookeeperFacts, findings: Findings) -> None:
    for server, answer in facts.servers.items():
        if answer is None:
            continue
        version, mode = _VERSION.search(answer), _MODE.search(answer)
        if version is None:
            findings.ok("version", f"{server} does not tell (srvr is not allowed there)")
            continue
        found = f"{server} has {version[1]}, {mode[1] if mode else 'mode not told'}"
        numbers = tuple(int(part) for part in version[1].split(".")[:2] if part)
        if numbers < LEAST_VERSION:
            findings.warn(
                "version", found, "3.5 is the oldest that is cared for", "upgrade the ensemble"
            )
        else:
            findings.ok("version", found)


def _judge_timeout(granted: float, asked: float, findings: Findings) -> None:
    found = f"{granted:g} s granted, {asked:g} s asked for"
    if abs(granted - asked) < 0.001:
        findings.ok("session timeout", found)
    else:
        findings.warn(
            "session timeout",
            found,
            "a node that has died stands in the registry for as long as is granted",
            "--session-timeout within the server's bounds: 2 to 20 times its tickTime in zoo.cfg, "
            "or minSessionTimeout and maxSessionTimeout there",
        )


def _judge_chroot(facts: ZookeeperFacts, findings: Findings) -> None:
    chroot = facts.address.chroot
    if facts.chroot:
        findings.ok("chroot", f"{chroot} exists")
    else:
        findings.fail(
            "chroot",
            f"{chroot} does not exist",
            "no node has ever run there: a node makes it, and is alone if the name is wrong",
            f"correct --zk; if it is right: "
            f"zkCli.sh -server {facts.address.hosts.split(',')[0]} create {chroot}",
        )


def _judge_trial(facts: ZookeeperFacts, refusal: str, findings: Findings) -> None:
    place = facts.address.chroot + facts.path
    if not refusal:
        findings.ok("rights", f"may make, read and delete an ephemeral znode for {place}")
    else:
        findings.fail(
            "rights",
            f"cannot make, read and delete an ephemeral znode for {place}: {refusal}",
            "a node stands in the registry by such a znode",
            f"zkCli.sh -server {facts.address.hosts.split(',')[0]} getAcl {place}, "
            "and setAcl for this machine",
        )

"""Whether a Redis is fit to hold the inboxes: a judgement of facts. Pure.

What the settings are for stands in docs/data-model.md, "Settings that matter".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.doctor.clock import Skew, judge_clock
from server.doctor.finding import Finding, Findings
from server.doctor.redis_cli import redis_cli
from server.redis_errors import is_login_refusal

LEAST_VERSION = (7, 0)
# The share of its memory that a Redis may use without anybody being told.
MUCH = 0.8
# What the account needs; see docs/data-model.md, "The connection".
RIGHTS = "'~{cluster}:*' +@read +@write +@scripting +time +ping +select"

_LOSES = "without it a restart loses every message that waits, and all that was called sent"


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """What the probe has seen.

    Attributes:
        address: the URL without its password.
        cluster: whose keys were looked at.
        failure: why it could not be used at all; None if it could. The rest is empty then.
        info: what INFO told; None if the account may not ask.
        appendfsync: when the append-only file is synced; None if the account may not ask.
        refused: commands that a node needs and the account may not use, with the reason.
        skew: its clock beside this machine's; None if it did not tell.
        epoch: the store's epoch; None if there is none.
    """

    address: str
    cluster: str
    failure: str | None = None
    info: Mapping[str, str] | None = None
    appendfsync: str | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    skew: Skew | None = None
    epoch: str | None = None

    @property
    def cli(self) -> str:
        """How to call `redis-cli` for it."""
        return redis_cli(self.address)


def judge_redis(facts: RedisFacts) -> list[Finding]:
    """Return the findings."""
    findings = Findings("Redis")
    if facts.failure is not None:
        _judge_failure(facts, facts.failure, findings)
        return findings.made
    findings.ok("reachable", facts.address)
    if facts.info is None:
        findings.warn(
            "settings",
            "this account may not ask for them",
            "version, role, append-only file and memory were not seen",
            f"look yourself: {facts.cli} INFO; "
            f"or {facts.cli} ACL SETUSER ACCOUNT +info '+config|get'",
        )
    else:
        _judge_version(facts.info, findings)
        _judge_role(facts, facts.info, findings)
        _judge_file(facts, facts.info, findings)
        _judge_memory(facts, facts.info, findings)
    _judge_rights(facts, findings)
    if facts.skew is not None:
        judge_clock(facts.skew, findings)
    found = "none yet: the first node makes one" if facts.epoch is None else facts.epoch
    findings.ok("epoch", found)
    return findings.made


def _judge_failure(facts: RedisFacts, failure: str, findings: Findings) -> None:
    if is_login_refusal(failure):
        findings.fail(
            "login",
            f"{facts.address}: {failure}",
            "a node gets in with the same name and password",
            f"--redis redis://USER:PASSWORD@HOST:PORT; see {facts.cli} ACL LIST",
        )
    elif "NOPERM" in failure:
        findings.fail("rights", failure, "a node needs these commands and keys", _grant(facts))
    else:
        findings.fail(
            "reachable",
            f"{facts.address}: {failure}",
            "it holds the inboxes: without it nothing can be sent, and no node starts",
            "start it: systemctl start redis-server, or scripts/services up redis; "
            "or name another with --redis",
        )


def _judge_version(info: Mapping[str, str], findings: Findings) -> None:
    text = info.get("redis_version", "0")
    numbers = tuple(int(part) for part in text.split(".")[:2] if part.isdecimal())
    if numbers < LEAST_VERSION:
        findings.fail(
            "version", text, "the scripts need 7.0 or newer", "apt-get install redis-server"
        )
    else:
        findings.ok("version", text)
    if info.get("cluster_enabled") == "1":
        findings.fail(
            "mode",
            "it is a Redis Cluster",
            "a script looks at the epoch and at a user's keys, which lie in different slots",
            "name a single primary with --redis, with replicas if you like",
        )


def _judge_role(facts: RedisFacts, info: Mapping[str, str], findings: Findings) -> None:
    if info.get("role") == "master":
        findings.ok("role", "primary")
        return
    primary = f"{info.get('master_host', 'HOST')}:{info.get('master_port', 'PORT')}"
    findings.fail(
        "role",
        f"a replica of {primary}",
        "a replica takes no writes",
        f"--redis redis://{primary}, or make it the primary: {facts.cli} REPLICAOF NO ONE",
    )


def _judge_file(facts: RedisFacts, info: Mapping[str, str], findings: Findings) -> None:
    if info.get("aof_enabled") != "1":
        findings.fail(
            "append-only file",
            "off",
            _LOSES,
            _setting(facts, "appendonly yes"),
        )
        return
    if info.get("aof_last_write_status", "ok") != "ok":
        findings.fail(
            "append-only file", "its last write failed", "it takes no writes", "df -h; see its log"
        )
    if facts.appendfsync == "no":
        findings.warn(
            "append-only file",
            "on, appendfsync no",
            "a machine that loses power loses some 30 s of what was called sent",
            _setting(facts, "appendfsync everysec"),
        )
    else:
        told = facts.appendfsync or "not told to this account"
        findings.ok("append-only file", f"on, appendfsync {told}")


def _judge_memory(facts: RedisFacts, info: Mapping[str, str], findings: Findings) -> None:
    policy = info.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        findings.ok("eviction", policy)
    else:
        findings.fail(
            "eviction",
            policy,
            "when its memory is full it drops inboxes and offsets, silently",
            _setting(facts, "maxmemory-policy noeviction"),
        )
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    whole = limit or int(info.get("total_system_memory", 0))
    of = "maxmemory" if limit else "the machine's memory"
    found = f"{used / 2**20:.0f} MiB used of {whole / 2**20:.0f} ({of})"
    if whole and used > MUCH * whole:
        findings.warn(
            "memory",
            found,
            "when it is full nothing can be stored, and senders get errors",
            f"{facts.cli} CONFIG SET maxmemory BYTES, or fewer messages: --inbox-max, --inbox-age",
        )
    else:
        findings.ok("memory", found)


def _judge_rights(facts: RedisFacts, findings: Findings) -> None:
    if facts.refused:
        command, reason = next(iter(facts.refused.items()))
        more = f" and {len(facts.refused) - 1} more" if len(facts.refused) > 1 else ""
        findings.fail(
            "rights",
            f"{command}{more} refused: {reason}",
            "the scripts of a node use them",
            _grant(facts),
        )
    else:
        findings.ok("rights", "every command that a node uses is allowed")


def _setting(facts: RedisFacts, words: str) -> str:
    """Return how to change a setting, so that it also holds after a restart."""
    return f"{facts.cli} CONFIG SET {words} && {facts.cli} CONFIG REWRITE"


def _grant(facts: RedisFacts) -> str:
    return f"{facts.cli} ACL SETUSER ACCOUNT {RIGHTS.format(cluster=facts.cluster)}"

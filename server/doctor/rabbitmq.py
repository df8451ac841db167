"""Whether a RabbitMQ is fit to be the bus: a judgement of facts. Pure."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from server.bus_rabbitmq_reason import LOGIN_REFUSED, VHOST_REFUSED
from server.doctor.finding import Finding, Findings

# What a trial does one after the other, each with the right that it needs.
STEPS = ("declare", "bind", "consume", "publish")


@dataclass(frozen=True, slots=True)
class RabbitmqFacts:
    """What the probe has seen.

    Attributes:
        url: as it may be shown, without its password.
        cluster: whose exchange was looked at.
        heartbeat_asked: seconds that a node asks for.
        failure: why there was no connection; None if there was one. The rest is empty then.
        version: what the broker calls itself.
        heartbeat: seconds that were agreed on.
        exchange: why the cluster's exchange can't be used; empty if it can, None if there is none.
        refused: the first step of a trial that was refused, with the reason; None if none was.
        blocked: whether the broker has stopped publishers.
    """

    url: str
    cluster: str
    heartbeat_asked: int
    failure: str | None = None
    version: str = ""
    heartbeat: int = 0
    exchange: str | None = None
    refused: tuple[str, str] | None = None
    blocked: bool = False

    @property
    def user(self) -> str:
        """Who logs in."""
        return unquote(urlsplit(self.url).username or "guest")

    @property
    def vhost(self) -> str:
        """The virtual host, as rabbitmqctl takes it."""
        return unquote(urlsplit(self.url).path[1:]) or "/"


def judge_rabbitmq(facts: RabbitmqFacts) -> list[Finding]:
    """Return the findings."""
    findings = Findings("RabbitMQ")
    if facts.failure is not None:
        _judge_failure(facts, facts.failure, findings)
        return findings.made
    findings.ok("reachable", f"{facts.url}, {facts.version}")
    _judge_heartbeat(facts, findings)
    _judge_exchange(facts, findings)
    _judge_trial(facts, findings)
    # No policy and no limit of an operator's is visible over AMQP.
    findings.ok(
        "policies",
        "not visible over AMQP; a message-ttl, expires or max-length that matches "
        f"{facts.cluster}.node.* costs time: rabbitmqctl list_policies -p {facts.vhost}",
    )
    return findings.made


def _judge_failure(facts: RabbitmqFacts, failure: str, findings: Findings) -> None:
    if failure == LOGIN_REFUSED:
        findings.fail(
            "login",
            f"{facts.url}: {failure}",
            "a node gets in with the same name and password",
            "--amqp amqp://USER:PASSWORD@HOST:PORT/VHOST, or "
            f"rabbitmqctl change_password {facts.user} PASSWORD; "
            "guest may log in from the broker's own machine only",
        )
    elif failure == VHOST_REFUSED or "NOT_ALLOWED" in failure:
        findings.fail(
            "virtual host",
            f"{facts.url}: {failure}",
            "the cluster's exchange and queues are in it",
            f"rabbitmqctl add_vhost {facts.vhost}; {_grant(facts)}",
        )
    else:
        findings.fail(
            "reachable",
            f"{facts.url}: {failure}",
            "it is the fast way to other nodes: without it messages come by polling, "
            "and no node starts",
            "start it: systemctl start rabbitmq-server, or scripts/services up rabbitmq; "
            "or name another with --amqp",
        )


def _judge_heartbeat(facts: RabbitmqFacts, findings: Findings) -> None:
    found = f"{facts.heartbeat} s agreed on, {facts.heartbeat_asked} s asked for"
    if 0 < facts.heartbeat <= facts.heartbeat_asked:
        findings.ok("heartbeat", found)
    else:
        findings.warn(
            "heartbeat",
            found,
            "a connection that is dead is noticed that much later",
            f"heartbeat = {facts.heartbeat_asked} in rabbitmq.conf",
        )


def _judge_exchange(facts: RabbitmqFacts, findings: Findings) -> None:
    name = f"{facts.cluster}.fanout"
    if facts.exchange is None:
        findings.ok("exchange", f"{name} is not there yet: the first node makes it")
    elif facts.exchange:
        findings.fail(
            "exchange",
            f"{name}: {facts.exchange}",
            "nodes need a durable one of the type fanout",
            f"stop the nodes, then rabbitmqadmin delete exchange name={name}; "
            "the first node makes it anew",
        )
    else:
        findings.ok("exchange", f"{name} is durable and a fanout")


def _judge_trial(facts: RabbitmqFacts, findings: Findings) -> None:
    if facts.blocked:
        findings.fail(
            "alarms",
            "it blocks publishers",
            "it is short of memory or disk: messages between nodes come by polling",
            "rabbitmq-diagnostics alarms; rabbitmqctl status",
        )
    elif facts.refused is not None:
        step, reason = facts.refused
        findings.fail(
            "rights",
            f"may not {step}: {reason}",
            "every node has a queue of its own, bound to the exchange",
            _grant(facts),
        )
    else:
        findings.ok("rights", f"may {', '.join(STEPS)}")
        findings.ok("alarms", "it does not block publishers")


def _grant(facts: RabbitmqFacts) -> str:
    return f"rabbitmqctl set_permissions -p {facts.vhost} {facts.user} " + " ".join(
        [rf"'^({facts.cluster}\..*|amq\.default)$'"] * 3
    )

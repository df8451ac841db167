"""The report of a trace: what the nodes know of a message, put together in words. Pure."""

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, get_args

import msgspec

from server.admin_trace import TraceAnswer
from server.trace import Event, Kind, Place

# What happens first, where the clocks do not tell.
_RANK = {kind: rank for rank, kind in enumerate(get_args(Kind))}

# How much of a node's id is shown, as `server nodes` does.
SHORT = 8


class Step(NamedTuple):
    """One event, and the node on which it happened."""

    node: str
    event: Event


def merge(answers: Sequence[TraceAnswer]) -> list[Step]:
    """Return the events of all nodes by time; the nodes' clocks may differ."""
    steps = [Step(answer.node, event) for answer in answers for event in answer.events]
    return sorted(steps, key=lambda step: (step.event.time, _RANK[step.event.event]))


def places(answers: Sequence[TraceAnswer]) -> set[Place]:
    """Return where the message stands, as far as a node knows."""
    found = (event.place for answer in answers for event in answer.events)
    return {place for place in found if place is not None}


def describe(event: Event) -> str:
    """Return what an event says, in words."""
    to, offset = event.to, event.offset
    match event.event:
        case "taken":
            return f"taken from {event.sender} for {to}"
        case "stored":
            return f"stored in {to}'s inbox at offset {offset}; {_where(event)}"
        case "repeated":
            place = "earlier" if offset is None else f"at offset {offset}"
            return f"{event.sender} sent it again; it was stored {place}; {_where(event)}"
        case "passed_on":
            return f"not to be stored (durable: false); {_where(event)}"
        case "failed":
            return f"not stored: {event.reason}"
        case "published":
            return f"published to {_nodes(event.nodes) if event.nodes else 'all nodes'}"
        case "unpublished":
            return "not taken by the bus: other nodes have to look in the inbox"
        case "received":
            return "received from the bus"
        case "connected":
            return f"{to}'s {event.device} connected, channel {event.channel}"
        case "fetched":
            return f"read from the inbox for {event.device}, for which it had waited"
        case "repaired":
            return f"read from the inbox for {event.device}: it had not come by itself"
        case "delivered":
            return f"written to {event.device}, channel {event.channel}"
        case "acknowledged":
            return f"acknowledged by {event.device} (up to offset {event.up_to})"


def _where(event: Event) -> str:
    if not event.nodes:
        return f"{event.to} is connected nowhere"
    return f"{event.to} is connected to {_nodes(event.nodes)}"


def _nodes(nodes: Sequence[str]) -> str:
    return ", ".join(node[:SHORT] for node in nodes)


def conclude(steps: Sequence[Step], told: Container[str]) -> list[str]:
    """Return what the way comes to: a sentence or two for each recipient's copy.

    Args:
        steps: the way.
        told: the nodes that told what they know.
    """
    by_place: dict[Place, list[Step]] = {}
    for step in steps:
        if step.event.place is not None:
            by_place.setdefault(step.event.place, []).append(step)
    lines: list[str] = []
    for place, own in by_place.items():
        lines += _conclude_place(place, own, steps[0].event.time, told)
    if not by_place and any(step.event.event == "failed" for step in steps):
        lines.append("It was never stored; its sender was told to send it again.")
    return lines


def _conclude_place(
    place: Place, steps: Sequence[Step], begun: float, told: Container[str]
) -> Iterator[str]:
    events = [step.event for step in steps]
    stored = next((event for event in events if event.event == "stored"), None)
    if stored is not None and not stored.nodes:
        yield f"When it was stored, {place.user} was connected nowhere: it waited in the inbox."
    for node, event in steps:
        if event.event == "repaired":
            yield (
                f"It did not come to {node[:SHORT]} by itself, and was repaired from the inbox "
                f"for {event.device} after {_seconds(event.time - begun)}."
            )
    acknowledged = [event for event in events if event.event == "acknowledged"]
    for event in acknowledged:
        yield f"Acknowledged by {event.device} after {_seconds(event.time - begun)}."
    if not acknowledged:
        came = any(event.event in ("delivered", "fetched", "repaired") for event in events)
        yield (
            f"{'Delivered, but not' if came else 'Not delivered and not'} acknowledged, as far as "
            f"the nodes know: 'server inbox {place.user}' shows whether it still waits, at offset "
            f"{place.offset}."
        )
        silent = [node for event in events for node in event.nodes if node not in told]
        if silent:
            yield (
                f"{place.user} was connected to {_nodes(sorted(set(silent)))}, which cannot be "
                "asked any more, or does not tell what became of it there."
            )


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f} s"


def nothing_known(id: str, answers: Sequence[TraceAnswer]) -> str:
    """Return what to say when no node knows of a message."""
    reach = [f"{answer.node[:SHORT]} {_since(answer.since)}" for answer in answers]
    known = "; ".join(reach) if reach else "no node answered"
    return f"nothing is known of {id} here, or not any more: {known}"


def _since(since: float | None) -> str:
    if since is None:
        return "keeps no journal (--journal-bytes 0)"
    return f"remembers everything since {clock_time(since, with_date=True)}"


def clock_time(time: float, *, with_date: bool = False) -> str:
    """Return a time of day, to the millisecond, in the zone of whoever reads it."""
    moment = datetime.fromtimestamp(time).astimezone()
    shown = moment.isoformat(sep=" ", timespec="milliseconds")
    return shown if with_date else shown[11:23]


def to_json(id: str, answers: Sequence[TraceAnswer], silent: Mapping[str, str]) -> bytes:
    """Return the whole of it for programs.

    Args:
        id: the message's.
        answers: of the nodes that answered.
        silent: node → why it did not.
    """
    events = [{"node": node, **msgspec.to_builtins(event)} for node, event in merge(answers)]
    since = {answer.node: answer.since for answer in answers}
    whole = {"id": id, "since": since, "silent": dict(silent), "events": events}
    return msgspec.json.encode(whole)

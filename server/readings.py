"""Readings: what a node's metrics say at two moments, and what it did in between. Pure."""

from collections.abc import Sequence

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from cluster.record import NodeRecord


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a node said of itself at one moment.

    Attributes:
        at: when, by a monotonic clock, in seconds.
        numbers: its metrics without labels, by their names without `im_server_`.
        ready: whether new clients could be served.
        draining: whether its clients were being moved elsewhere.
        degraded: the services that were away, so that messages between nodes came by polling.
    """

    at: float
    numbers: dict[str, float]
    ready: bool = True
    draining: bool = False
    degraded: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of a node; None is what it did not tell.

    Attributes:
        node: its id.
        url: what clients connect to.
        zone: where it runs.
        state: `up`, `draining`, `not ready`, or `unknown` if its admin port does not tell.
        channels: how many are open; of a node that does not tell, what the registry says.
        users: how many have a channel there.
        received: messages taken from clients, a second.
        delivered: messages written to channels, a second.
        batch: messages in an append to the inbox, on the average.
        waiting: messages that wait to be stored.
        degraded: see `Reading`.
        weight: its share of the clients relative to other nodes.
        reason: why it did not tell; empty if it did.
    """

    node: str
    url: str
    zone: str
    state: str
    channels: int
    weight: int
    users: int | None = None
    received: float | None = None
    delivered: float | None = None
    batch: float | None = None
    waiting: int | None = None
    degraded: tuple[str, ...] = ()
    reason: str = ""


def parse_metrics(text: str) -> dict[str, float]:
    """Return the node's metrics that have no labels, by their names without `im_server_`.

    Raises:
        ValueError: the text is none of Prometheus, or no node's.
    """
    prefix = "im_server_"
    numbers = {
        sample.name.removeprefix(prefix): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith(prefix) and not sample.labels
    }
    if "channels" not in numbers:
        raise ValueError("these are not the metrics of a node")
    return numbers


def between(record: NodeRecord, before: Reading | None, now: Reading) -> Row:
    """Return what a node did between two readings.

    Args:
        record: the node's.
        before: the earlier reading; None if there is none, so that nothing is known a second.
        now: the later one.
    """
    appended = _growth("batches_total", before, now)
    received = _growth("received_total", before, now)
    delivered = _growth("delivered_total", before, now)
    span = 0.0 if before is None else now.at - before.at
    return Row(
        node=record.node_id,
        url=record.url,
        zone=record.zone,
        state="draining" if now.draining else "up" if now.ready else "not ready",
        channels=int(now.numbers["channels"]),
        weight=record.weight,
        users=int(now.numbers.get("users", 0)),
        received=_ratio(received, span),
        delivered=_ratio(delivered, span),
        batch=_ratio(received, appended),
        waiting=int(now.numbers.get("waiting", 0)),
        degraded=now.degraded,
    )


def silent_row(record: NodeRecord, reason: str) -> Row:
    """Return what is known of a node that does not tell."""
    return Row(
        node=record.node_id,
        url=record.url,
        zone=record.zone,
        state="draining" if record.state == "draining" else "unknown",
        channels=record.load,
        weight=record.weight,
        reason=reason,
    )


def total(rows: Sequence[Row]) -> Row:
    """Return the sum of all nodes, as far as they tell."""
    received = [row.received for row in rows if row.received is not None]
    delivered = [row.delivered for row in rows if row.delivered is not None]
    return Row(
        node="all",
        url="",
        zone="",
        state="",
        channels=sum(row.channels for row in rows),
        weight=sum(row.weight for row in rows),
        users=sum(row.users or 0 for row in rows),
        received=sum(received) if received else None,
        delivered=sum(delivered) if delivered else None,
        waiting=sum(row.waiting or 0 for row in rows),
    )


def _growth(name: str, before: Reading | None, now: Reading) -> float | None:
    """Return by how much a counter has grown; None if that cannot be told."""
    if before is None or name not in now.numbers or name not in before.numbers:
        return None
    return max(0.0, now.numbers[name] - before.numbers[name])


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole

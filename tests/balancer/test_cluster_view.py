"""Tests of the picture of the cluster."""

import asyncio
import json
from typing import Any

import pytest

from balancer import cluster_view
from balancer.admin_token import Access
from balancer.cluster_view import FRESH, ClusterView, cluster_answer
from balancer.node_admin import NodeStatus, Person
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot
from tests.balancer.node_port import with_admin
from tests.balancer.nodes import node, nodes, snapshot
from tests.services import eventually


def status(node_id: str) -> NodeStatus:
    """Return what a node may say of itself."""
    return NodeStatus(
        node=node_id,
        uptime=1.0,
        state="up",
        ready=True,
        services={},
        degraded=(),
        channels=1,
        users=1,
        received=0,
        stored=0,
        delivered=0,
        replayed=0,
        sample=(Person(user="alice", device="phone"),),
    )


class Nodes:
    """Nodes that answer when the test lets them, and the time."""

    def __init__(self) -> None:
        self.now = 100.0
        # Which nodes were asked, in order.
        self.asked: list[str] = []
        self.let = asyncio.Event()
        self.let.set()

    async def ask(self, record: NodeRecord) -> NodeStatus | None:
        """Return a status, but none of the node b."""
        self.asked.append(record.node_id)
        await self.let.wait()
        return None if record.node_id == "b" else status(record.node_id)

    def view(self) -> ClusterView:
        """Return a view of them."""
        return ClusterView(lambda: snapshot(*nodes(1, 1)), self.ask, clock=lambda: self.now)


async def test_all_who_look_at_one_time_share_one_look() -> None:
    world = Nodes()
    world.let.clear()
    view = world.view()
    looks = [asyncio.create_task(view.statuses()) for _ in range(5)]
    await eventually(lambda: len(world.asked) == 2)
    looks[0].cancel()
    world.let.set()
    for look in looks[1:]:
        assert await look == {"a": status("a"), "b": None}
    assert sorted(world.asked) == ["a", "b"]


async def test_nodes_are_asked_once_a_second_at_most() -> None:
    world = Nodes()
    view = world.view()
    await view.statuses()
    world.now += FRESH - 0.01
    await view.statuses()
    assert len(world.asked) == 2
    world.now += 0.01
    await view.statuses()
    assert len(world.asked) == 4


async def test_silent_nodes_hold_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_view, "_WITHIN", 0.1)
    world = Nodes()
    world.let.clear()
    view = world.view()
    assert await view.statuses() == {}, "they have not been asked yet"
    world.now += FRESH
    world.let.set()
    known = {"a": status("a"), "b": None}
    assert await view.statuses() == known
    world.now += FRESH
    world.let.clear()
    assert await view.statuses() == known, "what was known stays"


async def test_those_that_were_silent_are_asked_last() -> None:
    world = Nodes()
    view = ClusterView(
        lambda: snapshot(node("b"), node("a"), node("c")), world.ask, clock=lambda: world.now
    )
    for _ in range(2):
        await view.statuses()
        world.now += FRESH
    assert "".join(world.asked) == "bacacb"


async def test_nobody_is_asked_unless_somebody_looks_and_closing_ends_it() -> None:
    world = Nodes()
    world.let.clear()
    view = world.view()
    await view.close()
    assert world.asked == []
    look = asyncio.create_task(view.statuses())
    await eventually(lambda: world.asked)
    await view.close()
    with pytest.raises(asyncio.CancelledError):
        await look


def answer(shown: Snapshot, access: Access, **statuses: NodeStatus | None) -> dict[str, Any]:
    """Return the picture at the time 3."""
    body: dict[str, Any] = json.loads(cluster_answer("im", shown, 3.0, statuses, ("b",), access))
    return body


def test_the_answer_tells_all_there_is() -> None:
    shown = snapshot(with_admin(node("a"), 1), with_admin(node("b"), 2), node("c"))
    body = answer(shown, Access.LOCKED, a=status("a"), b=None, c=None)
    assert (body["cluster"], body["age"], body["stale"]) == ("im", 3.0, False)
    assert (body["version"], body["admin"]) == (1, "locked")
    a, b, c = body["nodes"]
    assert a["status"]["channels"] == 1
    assert (a["silent"], b["silent"], c["silent"]) == (False, True, False)
    assert (b["status"], c["status"]) == (None, None)
    assert (a["avoided"], b["avoided"]) == (False, True)
    assert a["url"] == "ws://a.example:7177/ws"


@pytest.mark.parametrize("access", list(Access))
def test_names_are_for_the_operator_alone(access: Access) -> None:
    [seen] = answer(snapshot(node("a")), access, a=status("a"))["nodes"]
    named = [{"user": "alice", "device": "phone"}] if access is Access.GRANTED else []
    assert seen["status"]["sample"] == named


def test_a_node_that_has_just_come_is_not_called_silent() -> None:
    [seen] = answer(snapshot(with_admin(node("a"), 1)), Access.OFF)["nodes"]
    assert (seen["silent"], seen["status"]) == (False, None)


def test_without_a_list_there_is_no_age() -> None:
    body = answer(Snapshot(), Access.OFF)
    assert (body["nodes"], body["age"], body["stale"]) == ([], None, True)

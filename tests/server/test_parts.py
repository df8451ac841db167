"""The parts of a node: wired together, and nothing started."""

from __future__ import annotations

import asyncio

import pytest

from cluster.errors import AuthenticationFailed
from server.auth import accept_anyone
from server.backends import MemoryWorld, memory_backends
from server.parts import Parts, make_authenticate
from server.sabotage import BrokenSequence
from server.settings import NodeSettings
from tests.server.rig import Rig, hear


async def test_nothing_runs_before_it_is_told_to() -> None:
    settings = NodeSettings()
    before = asyncio.all_tasks()
    Parts("n1", settings, memory_backends(settings, "n1", MemoryWorld()))
    assert asyncio.all_tasks() == before


def test_a_secret_asks_for_tokens() -> None:
    assert make_authenticate(NodeSettings()) is accept_anyone
    with pytest.raises(AuthenticationFailed):
        make_authenticate(NodeSettings(auth_secret="x" * 32))("alice", None)


def test_an_empty_secret_lets_nobody_in() -> None:
    with pytest.raises(ValueError, match="empty"):
        make_authenticate(NodeSettings(auth_secret=""))


async def test_without_rebalancing_its_loop_does_not_run() -> None:
    running = []
    for rebalance in (True, False):
        async with Rig(rebalance=rebalance) as rig:
            running.append(len(rig.parts.tasks._running))
    assert running[0] - running[1] == 1


async def test_a_change_of_the_degradation_reaches_clients() -> None:
    async with Rig() as rig:
        bob = await rig.join("bob")
        rig.parts.degradation.set("RabbitMQ", True)
        assert await hear(bob) == [{"type": "status", "degraded": ["RabbitMQ"]}]


async def test_sabotage_is_in_place_only_where_it_is_asked_for() -> None:
    async with Rig() as rig:
        await rig.join("bob")
        assert not isinstance(rig.sequence_of("bob"), BrokenSequence)
        assert rig.parts.receive == rig.parts.dispatch.receive
    async with Rig(break_delivery=True) as rig:
        await rig.join("bob")
        assert isinstance(rig.sequence_of("bob"), BrokenSequence)
        assert rig.parts.receive != rig.parts.dispatch.receive

"""The deeds: what is done for each kind of fault, and how it is undone.

Undoing returns when the target works again, or raises an error that says that it doesn't.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from scripts.chaos_lib.faults import Fault, Kind
from scripts.chaos_lib.node import Node, cut, heal, silence
from scripts.chaos_lib.scene import Scene
from scripts.stack.forwarder import Forwarder
from scripts.trial_lib.own_services import OwnServices
from scripts.trial_lib.target import SERVICES, Target

Step = Callable[[Scene, Fault], Awaitable[None]]
Hurt = Callable[[Sequence[Forwarder]], None]

# How many of a killed node's users go with it, and how many leave at other times.
_GO_WITH_NODE = 3
_LEAVE = 5
# Seconds beyond the limit for ghosts that those who went with their node stay away.
_AWAY_MARGIN = 1.0
# Seconds that a node may take to end when asked to; it promises five to drain and ten to stop.
_STOP_LIMIT = 17.0


@dataclass(frozen=True, slots=True)
class Deed:
    """How a kind of fault is done.

    Attributes:
        harm: does it; returns when it is done.
        undo: heals it.
        clouds: whether the node (for a service: all nodes) can't know meanwhile who is online.
    """

    harm: Step
    undo: Step
    clouds: bool


def _node(scene: Scene, fault: Fault) -> Node:
    if fault.node is None:
        raise ValueError(f"{fault.kind} needs a node")
    return scene.nodes[fault.node]


async def _kill_node(scene: Scene, fault: Fault) -> None:
    node = _node(scene, fault)
    victims = scene.crowd.on(node.node_id)
    await asyncio.to_thread(node.kill)
    scene.ghosts.died(node.node_id, [user.name for user in victims], scene.clock())
    # As with a machine that is gone, nobody answers at its address.
    await asyncio.to_thread(cut, [node.front])
    scene.crowd.leave(victims[:_GO_WITH_NODE], scene.options.ghost_limit + _AWAY_MARGIN)


async def _stop_node(scene: Scene, fault: Fault) -> None:
    node = _node(scene, fault)
    users = [user.name for user in scene.crowd.on(node.node_id)]
    began = scene.clock()
    await asyncio.to_thread(node.stop, 2 * _STOP_LIMIT)
    scene.ghosts.died(node.node_id, users, scene.clock())
    if scene.clock() - began > _STOP_LIMIT:
        scene.problems.append(f"{node.name} took {scene.clock() - began:.1f} s to stop")
    await asyncio.to_thread(cut, [node.front])


async def _start_node(scene: Scene, fault: Fault) -> None:
    node = _node(scene, fault)
    await asyncio.to_thread(heal, [node.front])
    await asyncio.to_thread(node.start)


def _signal(number: signal.Signals) -> Step:
    async def step(scene: Scene, fault: Fault) -> None:
        _node(scene, fault).signal(number)

    return step


def _clients(hurt: Hurt) -> Step:
    async def step(scene: Scene, fault: Fault) -> None:
        await asyncio.to_thread(hurt, [_node(scene, fault).front])

    return step


def _links(hurt: Hurt, *targets: Target) -> Step:
    """Hurt the links of the fault's node to these services; those of all nodes if it has none."""

    async def step(scene: Scene, fault: Fault) -> None:
        nodes = scene.nodes if fault.node is None else [scene.nodes[fault.node]]
        links = [link for node in nodes for target in targets for link in node.links[target]]
        await asyncio.to_thread(hurt, links)

    return step


def _services(act: Callable[[OwnServices], None]) -> Step:
    async def step(scene: Scene, _fault: Fault) -> None:
        await asyncio.to_thread(act, scene.services)

    return step


async def _kill_balancer(scene: Scene, _fault: Fault) -> None:
    await asyncio.to_thread(scene.balancer.kill)


async def _start_balancer(scene: Scene, _fault: Fault) -> None:
    await asyncio.to_thread(scene.balancer.start)


async def _leave(scene: Scene, fault: Fault) -> None:
    users = scene.crowd.users
    chosen = random.Random(str(fault)).sample(users, min(_LEAVE, len(users) // 2))
    scene.crowd.leave(chosen, fault.lasts)


async def _nothing(_scene: Scene, _fault: Fault) -> None:
    """Those who left return by themselves."""


def _through_links(hurt: Hurt, *targets: Target, clouds: bool = True) -> Deed:
    return Deed(_links(hurt, *targets), _links(heal, *targets), clouds)


_FREEZE = Deed(_signal(signal.SIGSTOP), _signal(signal.SIGCONT), clouds=True)

DEEDS: dict[Kind, Deed] = {
    Kind.KILL_NODE: Deed(_kill_node, _start_node, clouds=True),
    Kind.RESTART_NODE: Deed(_stop_node, _start_node, clouds=True),
    Kind.FREEZE_NODE: _FREEZE,
    Kind.FREEZE_NODE_LONG: _FREEZE,
    Kind.CUT_NODE_CLIENTS: Deed(_clients(cut), _clients(heal), clouds=False),
    Kind.SILENCE_NODE_CLIENTS: Deed(_clients(silence), _clients(heal), clouds=False),
    Kind.CUT_NODE_ZOOKEEPER: _through_links(cut, Target.ZOOKEEPER),
    Kind.CUT_NODE_REDIS: _through_links(cut, Target.REDIS),
    Kind.CUT_NODE_RABBITMQ: _through_links(cut, Target.RABBITMQ, clouds=False),
    Kind.SILENCE_NODE_SERVICES: _through_links(silence, *SERVICES),
    Kind.KILL_RABBITMQ: Deed(
        _services(lambda own: own.rabbitmq.kill()),
        _services(lambda own: own.rabbitmq.start()),
        clouds=False,
    ),
    Kind.FREEZE_RABBITMQ: Deed(
        _services(lambda own: own.rabbitmq.pause()),
        _services(lambda own: own.rabbitmq.unpause()),
        clouds=False,
    ),
    Kind.BLOCK_RABBITMQ: Deed(
        _services(lambda own: own.rabbitmq.block()),
        _services(lambda own: own.rabbitmq.unblock()),
        clouds=False,
    ),
    Kind.KILL_REDIS: Deed(
        _services(lambda own: own.redis.kill()),
        _services(lambda own: own.redis.start()),
        clouds=True,
    ),
    Kind.FREEZE_REDIS: Deed(
        _services(lambda own: own.redis.pause()),
        _services(lambda own: own.redis.unpause()),
        clouds=True,
    ),
    Kind.FREEZE_ZOOKEEPER: Deed(
        _services(lambda own: own.zookeeper.pause()),
        _services(lambda own: own.zookeeper.unpause()),
        clouds=True,
    ),
    Kind.RESTART_ZOOKEEPER: Deed(
        _services(lambda own: own.zookeeper.stop()),
        _services(lambda own: own.zookeeper.restart()),
        clouds=True,
    ),
    Kind.CUT_ZOOKEEPER: _through_links(cut, Target.ZOOKEEPER),
    Kind.CUT_REDIS: _through_links(cut, Target.REDIS),
    Kind.CUT_RABBITMQ: _through_links(cut, Target.RABBITMQ, clouds=False),
    Kind.SILENCE_ZOOKEEPER: _through_links(silence, Target.ZOOKEEPER),
    Kind.SILENCE_REDIS: _through_links(silence, Target.REDIS),
    Kind.SILENCE_RABBITMQ: _through_links(silence, Target.RABBITMQ, clouds=False),
    Kind.KILL_BALANCER: Deed(_kill_balancer, _start_balancer, clouds=False),
    Kind.LEAVE: Deed(_leave, _nothing, clouds=False),
}

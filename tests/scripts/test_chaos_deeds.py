"""Every kind of fault has its deed, and the deeds on forwarders do what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.chaos_lib.deeds import DEEDS
from scripts.chaos_lib.faults import Fault, Kind
from scripts.chaos_lib.scene import Scene
from scripts.stack.forwarder import Forwarder
from scripts.stack.instance import HOST
from scripts.stack.probe import listens
from scripts.trial_lib.target import SERVICES, Target
from tests.scripts.chaos_world import described_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with described_scene(tmp_path) as made:
        yield made


def refusing(forwarders: list[Forwarder]) -> list[bool]:
    return [not listens(HOST, each.port) for each in forwarders]


def test_every_kind_has_its_deed() -> None:
    assert set(DEEDS) == set(Kind)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (Kind.CUT_NODE_ZOOKEEPER, Target.ZOOKEEPER),
        (Kind.CUT_NODE_REDIS, Target.REDIS),
        (Kind.CUT_NODE_RABBITMQ, Target.RABBITMQ),
    ],
)
async def test_one_link_of_one_node_is_cut(scene: Scene, kind: Kind, target: Target) -> None:
    fault = Fault(0.0, kind, 1, 1.0)
    await DEEDS[kind].harm(scene, fault)
    for service in SERVICES:
        assert refusing(scene.links(service)) == [False, service is target]
    await DEEDS[kind].undo(scene, fault)
    assert refusing(scene.links(target)) == [False, False]


async def test_a_service_is_cut_off_from_all_nodes(scene: Scene) -> None:
    fault = Fault(0.0, Kind.CUT_REDIS, None, 1.0)
    await DEEDS[Kind.CUT_REDIS].harm(scene, fault)
    assert refusing(scene.links(Target.REDIS)) == [True, True]
    assert refusing(scene.links(Target.RABBITMQ)) == [False, False]
    await DEEDS[Kind.CUT_REDIS].undo(scene, fault)
    assert refusing(scene.links(Target.REDIS)) == [False, False]


async def test_a_nodes_fault_needs_a_node(scene: Scene) -> None:
    with pytest.raises(ValueError, match="needs a node"):
        await DEEDS[Kind.FREEZE_NODE].harm(scene, Fault(0.0, Kind.FREEZE_NODE, None, 1.0))

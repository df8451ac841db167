"""The scene is described as the options say, and users are spread over all ways to a node."""

from __future__ import annotations

from pathlib import Path

from balancer.policy import POLICIES
from scripts.chaos_lib.scene import routes
from scripts.trial_lib.target import SERVICES, Target
from tests.scripts.chaos_world import described_scene


def test_services_of_others_are_used(tmp_path: Path) -> None:
    with described_scene(tmp_path) as scene:
        assert scene.addresses == scene.options.services
        assert len(scene.nodes) == 2
        assert len(scene.crowd.users) == 4
        address = scene.addresses[Target.REDIS]
        assert f"redis at {address}" in scene.describe_services()


def test_all_policies_are_used() -> None:
    found = list(routes("127.0.0.1:9/c", "chaos-1", 7000))
    assert {route.policy for route in found} == set(POLICIES)
    assert {route.address for route in found} == {
        "zk://127.0.0.1:9/c?cluster=chaos-1",
        "http://127.0.0.1:7000",
    }


def test_each_node_has_forwarders_of_its_own(tmp_path: Path) -> None:
    with described_scene(tmp_path) as scene:
        ports = [link.port for target in SERVICES for link in scene.links(target)]
        ports += [node.front.port for node in scene.nodes]
        assert len(set(ports)) == 2 * (3 + 1)

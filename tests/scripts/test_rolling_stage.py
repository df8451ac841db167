"""The stage is described as the options say, and nothing of it runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scripts.rolling_lib.stage import Stage, routes
from scripts.trial_lib.target import Target
from tests.scripts.chaos_world import elsewhere
from tests.scripts.rolling_world import OPTIONS


def test_nodes_are_told_where_services_are_and_how_long_to_drain(tmp_path: Path) -> None:
    with elsewhere() as services:
        stage = Stage(replace(OPTIONS, services=services), tmp_path)
        words = stage.nodes[0].command
        for option, value in (
            ("--drain-within", "2"),
            ("--cluster", stage.cluster),
            ("--redis", services[Target.REDIS]),
        ):
            assert words[words.index(option) + 1] == value
        assert len({node.health_port for node in stage.nodes}) == 2
        assert len(stage.crowd.users) == 4
        assert not any(node.runs() for node in stage.nodes)
        assert not stage.is_registered(stage.nodes[0])


def test_incarnations_have_the_names_of_their_nodes(tmp_path: Path) -> None:
    with elsewhere() as services:
        stage = Stage(replace(OPTIONS, services=services), tmp_path)
        stage.nodes[1].node_id = "second"
        assert stage.name_of("second") == "node-2"
        assert stage.name_of("an earlier one") == "nowhere"


def test_one_in_ten_clients_watches_zookeeper() -> None:
    found = [route.address for route in routes("127.0.0.1:9/c", "rolling-1", 7000)]
    assert found == ["zk://127.0.0.1:9/c?cluster=rolling-1"] + ["http://127.0.0.1:7000"] * 9

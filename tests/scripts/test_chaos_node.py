"""A node under chaos: its command leads through its forwarders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.chaos_lib.node import Node, cut, heal
from scripts.stack.instance import HOST
from scripts.stack.probe import listens
from scripts.trial_lib.target import Target
from tests.scripts.chaos_world import elsewhere


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with elsewhere() as services:
        made = Node(0, tmp_path, services, ["--cluster", "c"])
        yield made
        made.close()


def test_every_link_leads_through_a_forwarder(node: Node) -> None:
    assert set(node.links) == {Target.ZOOKEEPER, Target.REDIS, Target.RABBITMQ}
    [target] = {link.target for link in node.all_links()}
    assert not any(str(target[1]) in word for word in node.command)
    assert all(any(str(link.port) in word for word in node.command) for link in node.all_links())
    assert node.command[-2:] == ["--cluster", "c"]
    assert node.front.address in node.command


def test_links_can_be_cut_and_healed(node: Node) -> None:
    cut(node.all_links())
    assert not any(listens(HOST, link.port) for link in node.all_links())
    heal(node.all_links())
    assert all(listens(HOST, link.port) for link in node.all_links())

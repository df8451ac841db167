"""A node under chaos: its command leads through its forwarders, and it can be ended and started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.chaos_lib.faults import Target
from scripts.chaos_lib.node import Node, Program, cut, heal
from scripts.stack.errors import StackError
from scripts.stack.instance import HOST
from scripts.stack.ports import free_port
from scripts.stack.probe import listens
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


def test_a_program_runs_dies_and_runs_again(tmp_path: Path) -> None:
    """An embedded node needs no service; its health port is that of a node."""
    port, admin_port = free_port(), free_port()
    command = ["server", "start", "--host", HOST]
    command += ["--port", str(port), "--admin-port", str(admin_port)]
    program = Program("embedded", tmp_path, admin_port, command)
    assert not program.runs()
    try:
        for end in (program.kill, program.stop):
            program.start()
            assert program.is_ready()
            health = program.health()
            assert health is not None
            assert health["node"]
            end()
            assert not program.runs()
            assert program.health() is None
    finally:
        program.kill()


def test_a_program_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    program = Program("wrong", tmp_path, free_port(), ["server", "start", "--nonsense"])
    with pytest.raises(StackError, match="wrong isn't ready"):
        program.start()
    assert "No such option" in program.log.read_text()

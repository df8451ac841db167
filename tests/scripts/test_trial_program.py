"""A program is started, ended and started again, and says when it is ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.stack.errors import StackError
from scripts.stack.instance import HOST
from scripts.stack.ports import free_port
from scripts.trial_lib.program import NodeProgram, Program


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


def test_each_incarnation_of_a_node_is_known(tmp_path: Path) -> None:
    port, admin_port = free_port(), free_port()
    command = ["server", "start", "--host", HOST]
    command += ["--port", str(port), "--admin-port", str(admin_port)]
    node = NodeProgram("embedded", tmp_path, admin_port, command)
    assert node.node_id == ""
    found = set()
    try:
        for _ in range(2):
            node.start()
            found.add(node.node_id)
            assert node.get("/nowhere") is None
            node.stop(within=5.0)
    finally:
        node.kill()
    assert len(found - {""}) == 2


def test_a_program_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    program = Program("wrong", tmp_path, free_port(), ["server", "start", "--nonsense"])
    with pytest.raises(StackError, match="wrong isn't ready"):
        program.start()
    assert "No such option" in program.log.read_text()

"""Crowds are processes that hold connections of a real node until they are ended."""

from __future__ import annotations

import asyncio

import pytest

from scripts.bench_lib import procfs
from scripts.bench_lib.crowds import Crowds
from scripts.stack.errors import StackError
from server.node import Node
from server.settings import NodeSettings
from tests.services import eventually, free_port


def open_channels(node: Node) -> int:
    return len(node.parts.hub.channels)


async def test_a_crowd_is_there_as_long_as_its_context() -> None:
    node = Node(NodeSettings(host="127.0.0.1", port=0))
    address = ("127.0.0.1", (await node.start()).port)
    try:
        crowds = Crowds("u", 10, [address], most=4)
        await asyncio.to_thread(crowds.__enter__)
        try:
            assert len(crowds.pids) == 3
            assert all(procfs.threads(pid) for pid in crowds.pids)
            assert open_channels(node) == 10
        finally:
            pids = crowds.pids
            crowds.__exit__(None, None, None)
        assert not any(procfs.threads(pid) for pid in pids)
        await eventually(lambda: open_channels(node) == 0)
    finally:
        await node.stop()


def test_a_crowd_that_finds_no_node_says_so() -> None:
    with pytest.raises(StackError, match="u0"), Crowds("u", 1, [("127.0.0.1", free_port())], 9):
        pass

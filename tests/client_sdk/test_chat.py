"""The chat: two clients, typed lines on one side, shown lines on the other."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from client_sdk.chat import run_chat
from client_sdk.connecting import connect
from client_sdk.errors import Disconnected
from cluster.codes import CloseCode, ErrorCode
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually


async def typed(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def never() -> AsyncIterator[str]:
    await asyncio.Event().wait()
    yield ""


async def test_a_conversation(node: ScriptedNode) -> None:
    node.reject["nobody"] = (ErrorCode.BAD_NAME, "no such name")
    bobs, alices = list[str](), list[str]()
    async with connect(node.url, user="bob") as bob, connect(node.url, user="alice") as alice:
        reading = asyncio.create_task(run_chat(bob, never(), bobs.append))
        lines = typed(
            *("lost", "bob: hello", "again", "nobody: x"),
            *("/who bob", "/who carol", "/quit", "bob: too late"),
        )
        await run_chat(alice, lines, alices.append)
        await eventually(lambda: len(bobs) == 2)
        reading.cancel()
    assert [line.split(" ", 1)[1] for line in bobs] == ["alice: hello", "alice: again"]
    assert "to whom?" in alices[0]
    assert "no such name" in alices[1]
    assert alices[2:] == ["* bob is connected", "* carol is not connected"]
    # What was shown counts as read.
    assert node.acks[-1] == 2


async def test_what_a_node_says_is_no_command_to_the_terminal(node: ScriptedNode) -> None:
    node.reject["x"] = (ErrorCode.BAD_NAME, "no \x1b[2J")
    shown = list[str]()
    async with connect(node.url, user="alice") as alice:
        await run_chat(alice, typed("x: hello"), shown.append)
    assert len(shown) == 1
    assert "\x1b" not in shown[0]


async def test_ends_when_the_client_does(node: ScriptedNode) -> None:
    async with connect(node.url, user="bob") as bob:
        chatting = asyncio.create_task(run_chat(bob, never(), lambda _line: None))
        await eventually(lambda: node.channels)
        await node.close_channels(CloseCode.AUTHENTICATION_FAILED, "out")
        with pytest.raises(Disconnected):
            await chatting

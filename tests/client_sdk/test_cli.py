"""The commands: as a group loads them, and as processes with a real terminal's signals."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process

import click
import pytest
from click.testing import CliRunner, Result

from client_sdk.cli import chat, send
from client_sdk.connecting import connect
from client_sdk.zk_command import ZkCommand
from cluster.codes import CloseCode
from cluster.frames import Status
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually


async def run(*args: str, env: dict[str, str] | None = None) -> Result:
    """Run a command as `server` would, on a thread, since it has an event loop of its own."""
    group = click.Group("server", commands={"send": send, "chat": chat})
    return await asyncio.to_thread(
        CliRunner().invoke, group, args, env=env or {}, auto_envvar_prefix="IM_SERVER"
    )


async def test_sends(node: ScriptedNode) -> None:
    result = await run("send", "--url", node.url, "alice", "bob", "hello, bob")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("stored for bob at offset 1 (id ")
    assert node.bodies == [{"text": "hello, bob"}]
    assert node.connects[0].user == "alice"


async def test_sends_and_tells_whether_it_was_delivered(node: ScriptedNode) -> None:
    send_it = ("send", "--url", node.url, "--receipt", "alice", "bob", "hello")
    result = await run(*send_it)
    assert result.output.startswith("stored for bob at offset 1 (id ")
    async with connect(node.url, user="bob") as bob:
        sending = asyncio.create_task(run(*send_it))
        await anext(bob)
        bob.handled()
        assert (await sending).output.startswith("delivered to bob at offset 2 (id ")


async def test_options_from_the_environment(node: ScriptedNode) -> None:
    env = {"IM_SERVER_SEND_URL": node.url, "IM_SERVER_SEND_TOKEN": "proof"}
    result = await run("send", "alice", "bob", "hello", env=env)
    assert result.exit_code == 0, result.output
    assert node.connects[0].token == "proof"


async def test_no_node_is_one_line(node: ScriptedNode) -> None:
    await node.stop()
    result = await run("send", "--url", node.url, "--wait", "1", "alice", "bob", "hello")
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith("Error: no node reached within 1 s; ")
    assert node.url in line


async def test_a_refusal_is_one_line(node: ScriptedNode) -> None:
    node.refuse = (CloseCode.AUTHENTICATION_FAILED, "wrong token")
    result = await run("send", "--url", node.url, "alice", "bob", "hello")
    assert result.exit_code == 1
    assert "wrong token" in result.output


@pytest.mark.parametrize(
    "args",
    [
        ["send", "alice", "bob"],
        ["send", "", "bob", "text"],
        ["send", "alice", "b\nb", "text"],
        ["send", "--zk", "--url", "ws://a", "alice", "bob", "text"],
        ["send", "--zk=a:b", "alice", "bob", "text"],
        ["send", "--wait", "0", "alice", "bob", "text"],
        ["chat"],
        ["chat", "--as", "{}"],
        ["chat", "--as", "bob", "--url", "ws://a", "--balancer", "http://a"],
    ],
)
async def test_usage_errors(args: list[str]) -> None:
    assert (await run(*args)).exit_code == 2


async def test_an_address_of_no_kind() -> None:
    result = await run("send", "--url", "nonsense", "alice", "bob", "text")
    assert result.exit_code == 1
    assert "expected zk://" in result.output


async def test_help_names_the_environment() -> None:
    for name in ("send", "chat"):
        result = await run(name, "--help")
        assert f"IM_SERVER_{name.upper()}_ZK" in result.output
        assert "Example:" in result.output
    assert isinstance(send, ZkCommand)


async def chatting(node: ScriptedNode, user: str) -> Process:
    program = "from client_sdk.cli import chat; chat()"
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, "--url", node.url, "--as", user, stdin=PIPE, stdout=PIPE,
        stderr=PIPE,
    )  # fmt: skip


async def test_chat_through_a_pipe(node: ScriptedNode) -> None:
    process = await chatting(node, "alice")
    async with asyncio.timeout(20):
        output, errors = await process.communicate(b"bob: hello\nand again\n")
    assert (process.returncode, errors) == (0, b"")
    assert node.bodies == [{"text": "hello"}, {"text": "and again"}]
    assert output.decode().splitlines()[0] == f"* alice is on node a at {node.url}"


async def test_chat_shows_messages_and_reconnects_and_ends_with_control_c(
    node: ScriptedNode,
) -> None:
    process = await chatting(node, "bob")
    assert process.stdout is not None
    async with asyncio.timeout(20):
        assert b"bob is on node" in await process.stdout.readline()
        await eventually(lambda: node.channels)
        node.put("bob", "hello")
        assert (await process.stdout.readline()).endswith(b"carol: hello\n")
        await node.say(Status(degraded=("RabbitMQ",)))
        assert b"* RabbitMQ away" in await process.stdout.readline()
        await node.say(Status(degraded=()))
        assert b"* all is well again" in await process.stdout.readline()
        node.cut()
        assert b"* lost ws://" in await process.stdout.readline()
        assert b"bob is on node" in await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")

"""One channel: opening, the ways in which that fails, and losing it."""

import asyncio

import pytest

from client_sdk.channel import Channel, open_channel
from client_sdk.faults import ABNORMAL, ChannelLost, Unreachable
from cluster.codes import CloseCode, ErrorCode
from cluster.frames import Connect, Error, Message
from tests.client_sdk.node import ScriptedNode
from tests.services.eventually import eventually

BOB = Connect(user="bob")


async def opened(url: str, timeout: float = 5.0, max_size: int = 1 << 20) -> Channel:
    return await open_channel(url, BOB, timeout=timeout, max_size=max_size)


async def test_opens_receives_and_closes(node: ScriptedNode) -> None:
    channel = await opened(node.url)
    assert (channel.url, channel.asked) == (node.url, BOB)
    assert channel.connected.node == "a"
    node.put("bob", "1")
    frame = await channel.receive()
    assert isinstance(frame, Message)
    await channel.close()
    await channel.close()
    await eventually(lambda: not node.channels)
    with pytest.raises(ChannelLost):
        await channel.send(b"{}")


async def test_nobody_listens(node: ScriptedNode) -> None:
    await node.stop()
    with pytest.raises(Unreachable, match="connection refused"):
        await opened(node.url)


async def test_no_such_host() -> None:
    with pytest.raises(Unreachable):
        await opened("ws://host.invalid:1/ws", timeout=2.0)


@pytest.mark.parametrize(
    "url",
    ["", "ws://", "http://127.0.0.1:1/", "ws://[::1/ws", "ws://a:99999/ws", "ws://a..b/ws"],
)
async def test_no_url_at_all(url: str) -> None:
    with pytest.raises(Unreachable):
        await opened(url)


async def test_http_instead_of_a_websocket(node: ScriptedNode) -> None:
    node.http_refusal = (503, "3")
    with pytest.raises(Unreachable, match="HTTP 503") as caught:
        await opened(node.url)
    assert caught.value.retry_after == 3.0


async def test_no_http_at_all() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ready\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Unreachable):
        await opened(f"ws://127.0.0.1:{port}/ws")
    server.close()
    await server.wait_closed()


async def test_silence(node: ScriptedNode) -> None:
    node.silent = True
    with pytest.raises(Unreachable, match=r"no answer within 0.05 s"):
        await opened(node.url, timeout=0.05)


@pytest.mark.parametrize(
    ("code", "close_code"),
    [
        (ErrorCode.AUTHENTICATION_FAILED, CloseCode.AUTHENTICATION_FAILED),
        (ErrorCode.TOKEN_EXPIRED, CloseCode.TOKEN_EXPIRED),
        (ErrorCode.BAD_NAME, CloseCode.BAD_CONNECT),
    ],
)
async def test_refused_with_a_reason(
    node: ScriptedNode, code: ErrorCode, close_code: CloseCode
) -> None:
    node.error_before_close = Error(code=code, reason="that is why")
    node.refuse = (close_code, code)
    with pytest.raises(ChannelLost, match="that is why") as caught:
        await opened(node.url)
    assert caught.value.code == close_code


async def test_lost_with_the_code_of_the_node(node: ScriptedNode) -> None:
    channel = await opened(node.url)
    await node.close_channels(CloseCode.NODE_STOPPING, "stopping")
    with pytest.raises(ChannelLost, match=r"stopping \(4000\)"):
        await channel.receive()


async def test_lost_by_a_cut(node: ScriptedNode) -> None:
    channel = await opened(node.url)
    await eventually(lambda: node.channels)
    node.cut()
    with pytest.raises(ChannelLost) as caught:
        await channel.receive()
    assert caught.value.code == ABNORMAL


async def test_what_is_no_frame_is_left_out(node: ScriptedNode) -> None:
    channel = await opened(node.url)
    await eventually(lambda: node.channels)
    [there] = node.channels
    await there.websocket.send(b'{"type":"message","offset":1}', text=True)
    await there.websocket.send(b'{"type":"pong"}', text=False)
    await there.websocket.send(b'{"type":"of_tomorrow"}', text=True)
    node.put("bob", "1")
    frame = await channel.receive()
    assert isinstance(frame, Message)
    await channel.close()


async def test_text_that_is_not_utf_8(node: ScriptedNode) -> None:
    channel = await opened(node.url)
    node.mangle = lambda _frame: [b'{"type":"pong","x":"\xff"}']
    node.put("bob", "1")
    with pytest.raises(ChannelLost) as caught:
        await channel.receive()
    assert caught.value.code == ABNORMAL


async def test_a_message_too_big_for_this_side(node: ScriptedNode) -> None:
    channel = await opened(node.url, max_size=1000)
    node.put("bob", "x" * 2000)
    with pytest.raises(ChannelLost) as caught:
        await channel.receive()
    assert caught.value.code == CloseCode.MESSAGE_TOO_BIG

"""One round over the candidates."""

import time

import pytest

from balancer.picker import Picker
from client_sdk.dialer import Dialer, RoundFailed
from client_sdk.errors import Disconnected
from client_sdk.faults import ChannelLost
from client_sdk.inflow import Position
from client_sdk.resolver_static import StaticResolver
from client_sdk.settings import Settings
from client_sdk.tokens import Token, Tokens
from cluster.codes import CloseCode
from tests.client_sdk.node import ScriptedNode
from tests.services import eventually


def dialer(nodes: list[ScriptedNode], token: Token = None) -> Dialer:
    picker = Picker("consistent_hash")
    resolver = StaticResolver([node.url for node in nodes], picker, "bob")
    settings = Settings("bob", device="phone", connect_timeout=2.0)
    return Dialer(resolver, Tokens(token), settings, lambda: Position("e", 3))


async def test_the_first_that_opens(nodes: list[ScriptedNode]) -> None:
    nodes[0].refuse = (CloseCode.UNAVAILABLE, "away")
    dial = dialer(nodes)
    channel = await dial.round()
    assert channel.url == nodes[1].url
    assert (channel.asked.epoch, channel.asked.offset) == ("e", 3)
    await channel.close()
    # The one that failed is not asked first again.
    before = len(nodes[0].connects)
    await (await dial.round()).close()
    assert len(nodes[0].connects) == before


async def test_preferred_and_avoided(nodes: list[ScriptedNode]) -> None:
    for node in nodes:
        channel = await dialer(nodes).round(prefer=node.url)
        assert channel.url == node.url
        await channel.close()
        channel = await dialer(nodes).round(avoid=node.url)
        assert channel.url != node.url
        await channel.close()


async def test_nodes_are_told_of_a_move(node: ScriptedNode) -> None:
    for moved in (True, False):
        await (await dialer([node]).round(moved=moved)).close()
    assert [connect.moved for connect in node.connects] == [True, False]


async def test_every_failure_has_its_line(nodes: list[ScriptedNode]) -> None:
    nodes[0].http_refusal = (503, "9")
    nodes[1].http_refusal = (503, "4")
    with pytest.raises(RoundFailed) as caught:
        await dialer(nodes).round()
    assert sorted(caught.value.tried) == sorted(f"{node.url}: HTTP 503" for node in nodes)
    assert caught.value.retry_after == 4.0


async def test_who_asked_to_be_left_alone_is_not_tried_before_its_time(
    nodes: list[ScriptedNode],
) -> None:
    full, gone = nodes
    full.http_refusal = (503, "60")
    await gone.stop()
    dial = dialer(nodes)
    with pytest.raises(RoundFailed) as caught:
        await dial.round()
    assert caught.value.retry_after is None, "the other one may be back at any moment"
    assert full.handshakes == 1
    for prefer in (None, full.url):
        with pytest.raises(RoundFailed, match="asked to be left alone"):
            await dial.round(prefer=prefer)
    assert full.handshakes == 1
    with pytest.raises(RoundFailed) as caught:
        await dial.round(avoid=gone.url)
    assert caught.value.retry_after is not None
    assert 0.0 < caught.value.retry_after <= 75.0
    await gone.start()
    channel = await dial.round()
    assert channel.url == gone.url
    await channel.close()
    # Another client knows nothing of it.
    with pytest.raises(RoundFailed):
        await dialer([full]).round()
    assert full.handshakes == 2


async def test_it_is_tried_again_when_its_time_is_over(node: ScriptedNode) -> None:
    node.http_refusal = (503, "1")
    dial = dialer([node])
    with pytest.raises(RoundFailed):
        await dial.round()
    node.http_refusal = None

    async def opened() -> bool:
        try:
            await (await dial.round()).close()
        except RoundFailed:
            return False
        return True

    begun = time.monotonic()
    await eventually(opened)
    assert time.monotonic() - begun > 0.9


async def test_nothing_but_the_node_to_avoid(node: ScriptedNode) -> None:
    with pytest.raises(RoundFailed) as caught:
        await dialer([node]).round(avoid=node.url)
    assert caught.value.tried == []


async def test_without_a_token_nobody_is_asked(node: ScriptedNode) -> None:
    def fail() -> str:
        raise OSError("token service away")

    with pytest.raises(RoundFailed, match="no token: OSError: token service away"):
        await dialer([node], fail).round()
    assert node.connects == []


async def test_expired_twice_ends_it(node: ScriptedNode) -> None:
    node.refuse = (CloseCode.TOKEN_EXPIRED, "expired")
    tokens = iter("abc")
    with pytest.raises(Disconnected, match="4502"):
        await dialer([node], lambda: next(tokens)).round()
    assert [connect.token for connect in node.connects] == ["a", "b"]


async def test_what_ends_it_and_what_does_not(node: ScriptedNode) -> None:
    dial = dialer([node])
    for code in (1000, 1006, 1011, 4000, 4499):
        dial.check(ChannelLost(code, ""))
    for code in (1007, 1009, 4500, 4502, 4999):
        with pytest.raises(Disconnected):
            dial.check(ChannelLost(code, "no"))

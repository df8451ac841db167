"""`connect`, in both its forms, and what it refuses before anything is tried."""

import inspect
from pathlib import Path

import msgspec
import pytest

import client_sdk
from client_sdk.connecting import connect
from client_sdk.errors import InvalidSetting
from client_sdk.settings import Settings
from cluster.errors import InvalidAddress, InvalidName, NoNodeAvailable
from tests.client_sdk.balancer_stub import BalancerStub, record
from tests.client_sdk.node import ScriptedNode


async def test_both_forms(node: ScriptedNode) -> None:
    async with connect(node.url, user="bob") as client:
        assert client.url == node.url
    assert client.url == ""
    client = await connect(node.url, user="bob")
    async with client:
        assert client.url == node.url
    assert client.url == ""


async def test_with_a_cache_it_finds_its_node_while_the_balancer_is_away(
    node: ScriptedNode, tmp_path: Path
) -> None:
    here = msgspec.structs.replace(record("here"), url=node.url)
    stub = await BalancerStub([here]).start()
    cache = str(tmp_path / "cache")
    async with connect(stub.url, user="bob", cache=cache) as client:
        assert client.url == node.url
    await stub.stop()
    with pytest.raises(NoNodeAvailable):
        await connect(stub.url, user="bob", connect_timeout=0.5)
    async with connect(stub.url, user="bob", cache=cache) as client:
        assert client.url == node.url


async def test_refused_before_anything_is_tried() -> None:
    with pytest.raises(InvalidName):
        connect("ws://a", user="")
    with pytest.raises(InvalidSetting):
        connect("ws://a", user="bob", send_window=0)
    with pytest.raises(InvalidAddress):
        await connect("a:1", user="bob")
    with pytest.raises(InvalidName):
        await connect("ws://a", user="bob", policy="best")


def test_every_setting_is_an_option_with_the_same_default() -> None:
    options = inspect.signature(connect).parameters
    settings = inspect.signature(Settings).parameters
    assert set(options) - set(settings) == {"address", "on_state"}
    assert set(settings) <= set(options)
    assert all(options[name].default == field.default for name, field in settings.items())


def test_exports() -> None:
    assert all(hasattr(client_sdk, name) for name in client_sdk.__all__)

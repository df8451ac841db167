"""`connect`, in both its forms, and what it refuses before anything is tried."""

import inspect

import pytest

import client_sdk
from client_sdk.connecting import connect
from client_sdk.errors import InvalidSetting
from client_sdk.settings import Settings
from cluster.errors import InvalidAddress, InvalidName
from tests.client_sdk.node import ScriptedNode


async def test_both_forms(node: ScriptedNode) -> None:
    async with connect(node.url, user="bob") as client:
        assert client.url == node.url
    assert client.url == ""
    client = await connect(node.url, user="bob")
    async with client:
        assert client.url == node.url
    assert client.url == ""


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

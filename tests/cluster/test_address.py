"""Addresses as people write them are understood, or refused with what was expected."""

import socket

import pytest

from cluster.address import (
    DEFAULT_ZOOKEEPER,
    ZookeeperAddress,
    check_public_url,
    is_plain_host,
    join_host_port,
    parse_host_port,
    parse_zookeeper,
    reachable_host,
    without_password,
)
from cluster.errors import InvalidAddress


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h:1", ("h", 1)),
        (" h.example:65535 ", ("h.example", 65535)),
        ("[::1]:80", ("::1", 80)),
        ("h", ("h", 7)),
        ("[::1]", ("::1", 7)),
    ],
)
def test_hosts_and_ports(text: str, expected: tuple[str, int]) -> None:
    assert parse_host_port(text, 7) == expected


@pytest.mark.parametrize(
    "text", ["", "h:", ":1", "h:0", "h:65536", "h:x", "a b:1", "::1:80", "h/x:1"]
)
def test_what_is_no_host_and_port(text: str) -> None:
    with pytest.raises(InvalidAddress, match="expected HOST"):
        parse_host_port(text, 7)


def test_without_a_default_the_port_is_needed() -> None:
    with pytest.raises(InvalidAddress, match="HOST:PORT with a port"):
        parse_host_port("h")


@pytest.mark.parametrize("pair", [("h", 1), ("127.0.0.1", 2), ("::1", 3)])
def test_joining_undoes_parsing(pair: tuple[str, int]) -> None:
    assert parse_host_port(join_host_port(*pair)) == pair


@pytest.mark.parametrize(
    ("text", "hosts", "chroot"),
    [
        (DEFAULT_ZOOKEEPER, "127.0.0.1:2181", ""),
        ("h", "h:2181", ""),
        ("h/", "h:2181", ""),
        ("a:1,b,[::1]:3/x/y/", "a:1,b:2181,[::1]:3", "/x/y"),
    ],
)
def test_ensembles(text: str, hosts: str, chroot: str) -> None:
    address = parse_zookeeper(text)
    assert address == ZookeeperAddress(hosts, chroot)
    assert parse_zookeeper(str(address)) == address


@pytest.mark.parametrize("text", ["", "/x", "a,,b", "a:x", "a//x", "a/x y"])
def test_what_is_no_ensemble(text: str) -> None:
    with pytest.raises(InvalidAddress, match="chroot"):
        parse_zookeeper(text)


@pytest.mark.parametrize("text", ["wss://chat.example.org/ws", "ws://[::1]:7177/", "wss://h"])
def test_public_urls(text: str) -> None:
    assert check_public_url(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("chat.example.org", "https://h/ws", "wss://", "wss://h:port/ws", "wss://h:70000/ws"),
        *("wss://user@h/ws", "wss://h/ws?a=b", "wss://h/ws#a", "wss://h/a b", "wss://[::1/ws"),
        "wss://h/" + "a" * 300,
    ],
)
def test_what_is_no_public_url(text: str) -> None:
    with pytest.raises(InvalidAddress):
        check_public_url(text)


def test_passwords_are_not_shown() -> None:
    assert without_password("amqp://me:secret@h:1/%2F?x=1") == "amqp://me:***@h:1/%2F?x=1"
    assert without_password("redis://:secret@h") == "redis://:***@h"
    assert without_password("redis://h/0") == "redis://h/0"


@pytest.mark.parametrize("host", ["a", "node-1.example", "_srv", "10.0.0.1", "::1", "unix.example"])
def test_plain_hosts(host: str) -> None:
    assert is_plain_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b",
        "a;",
        "a/b",
        "a?b",
        "a#b",
        "u@a",
        "a\n",
        "-a",
        "a-",
        "[::1]",
        "::1%x",
        "unix",
        "a:b",
    ],
)
def test_hosts_that_are_not_plain(host: str) -> None:
    assert not is_plain_host(host)


def test_a_wildcard_is_never_what_others_are_told() -> None:
    for wildcard in ("", "0.0.0.0", "::"):
        found = reachable_host(wildcard)
        assert found not in ("", "0.0.0.0", "::")
        socket.inet_aton(found)
    assert reachable_host("h.example") == "h.example"

"""Tests of finding the client's address behind proxies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.client_address import client_address, parse_network
from cluster.errors import InvalidAddress

PROXIES = (parse_network("10.0.0.0/8"), parse_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        # Without a proxy, or from one that is not trusted, the header is the client's own claim.
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["1.1.1.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        # What the client wrote stands left of what the proxy saw.
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        # Several headers are one list (RFC 9110, section 5.3).
        ("10.0.0.1", ["1.1.1.1", "203.0.113.9", "10.0.0.7"], "203.0.113.9"),
        # All trusted: the left-most.
        ("10.0.0.1", ["10.0.0.3,10.0.0.2"], "10.0.0.3"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        # Written with a port.
        ("10.0.0.1", ["203.0.113.9:5123"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::7]:5123"], "2001:db8::7"),
        # Rubbish ends the search at the last address that is known.
        ("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, , 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [""], "10.0.0.1"),
        # An IPv4 client on an IPv6 socket.
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        (None, ["203.0.113.9"], None),
        ("a socket", ["203.0.113.9"], "a socket"),
    ],
)
def test_the_right_most_untrusted_address(
    peer: str | None, forwarded: list[str], address: str | None
) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


@given(st.lists(st.text(max_size=30), max_size=4), st.ip_addresses(v=4).map(str))
def test_nobody_can_pretend_past_a_trusted_proxy(claims: list[str], client: str) -> None:
    believed = client_address("10.0.0.1", [*claims, client], PROXIES)
    if client.startswith("10."):
        assert believed is not None
    else:
        assert believed == client


@pytest.mark.parametrize("text", ["10.0.0.0/8", " 10.0.0.1 ", "fd00::/8", "::1"])
def test_networks(text: str) -> None:
    assert parse_network(text).num_addresses >= 1


@pytest.mark.parametrize("text", ["", "example.com", "10.0.0.0/33", "10.0.0.1/8"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(InvalidAddress, match="a network such as"):
        parse_network(text)

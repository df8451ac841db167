"""Tests of the policy `ip_hash`, against what nginx itself answers."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from balancer.ip_hash import IpHash, hash_on, hashed_octets
from balancer.round_robin import RoundRobin
from tests.balancer.nodes import NOBODY, ids, node, nodes, pick, seeded, tally, weights_of_nodes

# The answers of nginx 1.22.1. Its upstreams were three `server` lines, then four with weights
# 5, 1, 3, 2, then four of which the second was `down`; all refused, and `$upstream_addr` told in
# which order they had been tried. Addresses came by `real_ip_header`.
NGINX = """
    0.0.0.0                    bac  dcab  dca
    1.2.3.4                    bca  acdb  dac
    10.0.0.1                   abc  acdb  dca
    10.0.0.250                 abc  acdb  dca
    10.0.1.1                   bca  acdb  cad
    127.0.0.1                  cba  adcb  acd
    172.16.254.3               bac  abdc  dca
    192.168.1.77               bca  acdb  cad
    203.0.113.9                acb  cabd  adc
    ::1                        cab  bdca  adc
    2001:db8::1                cab  adcb  adc
    2001:db8::2                abc  bacd  acd
    fe80::1234:5678:9abc:def0  cab  dacb  dca
    ::ffff:10.0.0.1            bac  abcd  dca
"""
ROWS = [line.split() for line in NGINX.split("\n") if line.strip()]

NETWORKS = [f"{a}.{b}.{c}.0" for a in (10, 77, 203) for b in range(256) for c in range(0, 256, 4)]


def make() -> IpHash:
    """Return the policy without chance: its round-robin begins at the first node."""
    return IpHash(RoundRobin(lambda: 0.0))


@pytest.mark.parametrize(("address", "equal", "weighted", "down"), ROWS)
def test_tries_the_nodes_in_nginx_s_order(
    address: str, equal: str, weighted: str, down: str
) -> None:
    assert ids(make().order(nodes(1, 1, 1), address, NOBODY)) == list(equal)
    assert ids(make().order(nodes(5, 1, 3, 2), address, NOBODY)) == list(weighted)
    assert ids(make().order(nodes(1, 1, 1, 1), address, frozenset("b"))) == list(down)


@pytest.mark.parametrize(
    ("address", "value"),
    [
        # Worked out by hand: 89 * 113 % 6271 = 3786, 3786 * 113 % 6271 = 1390, then 295.
        ("0.0.0.0", 295),
        # (89 * 113 + 1) % 6271 = 3787, (3787 * 113 + 2) % 6271 = 1505, then 751.
        ("1.2.3.4", 751),
    ],
)
def test_the_hash_is_as_defined(address: str, value: int) -> None:
    octets = hashed_octets(address)
    assert octets is not None
    assert hash_on(89, octets) == value


def hits(octets: list[int], slot: int, total: int) -> int:
    """Return how many times the address is hashed until it leads to a slot, by the definition."""
    value, times = 89, 0
    while True:
        for octet in octets:
            value = (value * 113 + octet) % 6271
        times += 1
        if value % total == slot:
            return times


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_after_more_than_twenty_misses_round_robin_decides(a: int, b: int, c: int) -> None:
    # Slot 0 is a's, 1 to 40 are b's, 41 is c's. Without b, round-robin would begin at a.
    records = nodes(1, 40, 1)
    to_a, to_c = hits([a, b, c], 0, 42), hits([a, b, c], 41, 42)
    expected = "c" if to_c < to_a and to_c <= 21 else "a"
    assert next(make().order(records, f"{a}.{b}.{c}.9", frozenset("b"))).node_id == expected


@given(st.ip_addresses(v=4).map(str))
def test_a_client_keeps_its_node(address: str) -> None:
    policy = make()
    assert len({pick(policy, nodes(3, 1, 2), address) for _ in range(5)}) == 1


@given(st.ip_addresses(v=4).map(str), st.sampled_from("abcd"))
def test_an_ejected_node_moves_only_its_own_clients(address: str, ejected: str) -> None:
    records = nodes(1, 1, 1, 1)
    before = ids(make().order(records, address, NOBODY))
    after = ids(make().order(records, address, frozenset(ejected)))
    assert after[0] == (before[1] if before[0] == ejected else before[0])


@given(st.ip_addresses(v=4).map(str), weights_of_nodes)
def test_nodes_of_elsewhere_that_are_out_change_nothing(address: str, weights: list[int]) -> None:
    # The picker names the nodes to avoid of all zones, whichever zone it orders.
    elsewhere = frozenset(str(number) for number in range(9))
    records = nodes(*weights)
    expected = ids(make().order(records, address, NOBODY))
    assert ids(make().order(records, address, elsewhere)) == expected


@given(st.ip_addresses().map(str), weights_of_nodes, st.integers(0, 7))
def test_whatever_the_weights_the_clients_of_the_others_stay(
    address: str, weights: list[int], ejected: int
) -> None:
    records = nodes(*weights)
    out = records[ejected % len(records)].node_id
    before = ids(make().order(records, address, NOBODY))[0]
    after = ids(make().order(records, address, frozenset(out)))
    assert before == out or after[0] == before
    assert out not in after


# The same weights in each run: with some few, nginx's own hash is a little more than three percent
# off, and no test may fail by chance.
@settings(max_examples=15, derandomize=True)
@given(weights_of_nodes)
@example([1, 1, 1])
@example([5, 1, 1])
@example([10, 20])
def test_honours_weights_over_all_networks(weights: list[int]) -> None:
    counts = tally(make(), nodes(*weights), NETWORKS)
    for record in nodes(*weights):
        share = record.weight / sum(weights)
        assert counts[record.node_id] / len(NETWORKS) == pytest.approx(share, rel=0.03)


def test_weights_too_large_for_nginx_still_reach_every_node() -> None:
    records = (node("a", weight=10_000), node("b", weight=10_000))
    counts = tally(make(), records, NETWORKS)
    assert counts["b"] / len(NETWORKS) == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("key", [None, "", "alice", "300.1.1.1", "1.2.3"])
def test_without_an_address_takes_turns(key: str | None) -> None:
    policy = IpHash(RoundRobin(seeded()))
    assert tally(policy, nodes(1, 1, 1), [key] * 30) == dict.fromkeys("abc", 10)


def test_no_nodes_no_candidates() -> None:
    assert ids(make().order((), "10.0.0.1", NOBODY)) == []

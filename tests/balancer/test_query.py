"""Tests of reading the queries."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.query import BadParameter, read_node_query, read_nodes_query

texts = st.dictionaries(
    st.sampled_from(["policy", "user", "zone", "count", "version", "wait"]),
    st.one_of(st.text(max_size=8), st.integers().map(str), st.floats().map(str)),
)


def test_everything_has_a_default() -> None:
    query = read_node_query({}, "least_loaded")
    assert (query.policy, query.user, query.zone, query.count) == ("least_loaded", None, None, 4)
    nodes = read_nodes_query({})
    assert (nodes.version, nodes.wait) == (None, 0.0)


def test_everything_can_be_given() -> None:
    given_all = {"policy": "ip_hash", "user": "bob", "zone": "east", "count": "0"}
    query = read_node_query(given_all, "round_robin")
    assert (query.policy, query.user, query.zone, query.count) == ("ip_hash", "bob", "east", 0)
    nodes = read_nodes_query({"version": "7", "wait": "2.5"})
    assert (nodes.version, nodes.wait) == (7, 2.5)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("policy", "fastest"),
        ("policy", ""),
        ("user", ""),
        ("user", "a\nb"),
        ("user", "x" * 256),
        ("count", "-1"),
        ("count", "101"),
        ("count", "1.5"),
        ("count", ""),
        ("count", "٣"),
        ("count", "9" * 5000),
    ],
)
def test_a_bad_parameter_is_named(parameter: str, text: str) -> None:
    with pytest.raises(BadParameter, match=f"^{parameter} must") as caught:
        read_node_query({parameter: text}, "round_robin")
    assert caught.value.parameter == parameter


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("version", "x"),
        ("version", "-1"),
        ("version", "99999999999999999"),
        ("wait", "x"),
        ("wait", "-1"),
        ("wait", "61"),
        ("wait", "nan"),
        ("wait", "inf"),
    ],
)
def test_a_bad_parameter_of_the_list_is_named(parameter: str, text: str) -> None:
    with pytest.raises(BadParameter, match=f"^{parameter} must") as caught:
        read_nodes_query({parameter: text})
    assert caught.value.parameter == parameter


@given(texts)
def test_no_query_does_worse_than_being_refused(query: dict[str, str]) -> None:
    for read in (lambda q: read_node_query(q, "round_robin"), read_nodes_query):
        with suppress(BadParameter):
            read(query)


@pytest.mark.parametrize(
    ("policy", "user", "key"),
    [
        ("ip_hash", "bob", "10.0.0.1"),
        ("consistent_hash", "bob", "bob"),
        ("consistent_hash", None, "10.0.0.1"),
        ("round_robin", "bob", None),
        ("least_loaded", "bob", None),
    ],
)
def test_each_policy_sticks_to_its_key(policy: str, user: str | None, key: str | None) -> None:
    query = {"policy": policy} | ({"user": user} if user else {})
    assert read_node_query(query, "round_robin").key("10.0.0.1") == key

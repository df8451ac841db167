"""Tests of the answers."""

import json

from balancer.answers import error_answer, node_answer, nodes_answer
from cluster.record import decode_record
from cluster.snapshot import Snapshot
from tests.balancer.nodes import node, snapshot


def test_the_node_s_record_with_candidates_and_the_snapshot_s_state() -> None:
    known = snapshot(node("a", weight=2), node("b"), version=7).as_stale()
    answer = json.loads(node_answer([node("a", weight=2), node("b")], known, 1.5))
    assert answer["node_id"] == "a"
    assert answer["url"] == "ws://a.example:7177/ws"
    assert answer["weight"] == 2
    assert [candidate["url"] for candidate in answer["candidates"]] == ["ws://b.example:7177/ws"]
    assert (answer["version"], answer["age"], answer["stale"]) == (7, 1.5, True)


def test_the_answer_is_a_record_too() -> None:
    data = node_answer([node("a")], snapshot(node("a")), 0.0)
    assert decode_record(data, "the answer") == node("a")


def test_the_list() -> None:
    answer = json.loads(nodes_answer(snapshot(node("a"), node("b"), version=3), 2.0))
    assert [record["node_id"] for record in answer.pop("nodes")] == ["a", "b"]
    assert answer == {"version": 3, "age": 2.0, "stale": False}


def test_what_was_never_confirmed_has_no_age() -> None:
    answer = json.loads(nodes_answer(Snapshot(), 2.0))
    assert answer == {"nodes": [], "version": 0, "age": None, "stale": True}


def test_an_error_names_a_parameter_only_if_there_is_one() -> None:
    assert json.loads(error_answer("no_nodes", "none")) == {"error": "no_nodes", "reason": "none"}
    assert json.loads(error_answer("bad_parameter", "x", "count"))["parameter"] == "count"

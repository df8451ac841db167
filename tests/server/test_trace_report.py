"""The report of a trace: words for what the nodes know."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from server.admin_trace import TraceAnswer
from server.trace import Event, Kind, Place
from server.trace_report import (
    clock_time,
    conclude,
    describe,
    merge,
    nothing_known,
    places,
    to_json,
)

HERE, THERE = "aaaaaaaa-1", "bbbbbbbb-2"
BOTH = {HERE, THERE}


def event(kind: Kind, time: float = 100.0, **fields: Any) -> Event:
    """Return an event about a message from alice to bob, at offset 7 if nothing else is said."""
    given: dict[str, Any] = {"to": "bob", "sender": "alice", "epoch": "e", "offset": 7}
    return Event(time=time, event=kind, **(given | fields))


def answer(node: str, *events: Event) -> TraceAnswer:
    """Return what a node answers."""
    return TraceAnswer(node=node, since=90.0, events=events)


CROSSED = [
    answer(THERE, event("received", 100.002), event("delivered", 100.003, device="phone")),
    answer(
        HERE,
        event("taken", offset=None),
        event("stored", 100.002, nodes=(THERE,)),
        event("published", 100.002),
    ),
]


def test_events_of_all_nodes_are_put_in_order() -> None:
    steps = merge(CROSSED)
    assert [step.event.event for step in steps] == [
        *("taken", "stored", "published", "received", "delivered")
    ]
    assert [step.node for step in steps] == [HERE, HERE, HERE, THERE, THERE]
    assert places(CROSSED) == {Place("e", "bob", 7)}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_event_has_words(kind: Kind) -> None:
    text = describe(event(kind, device="phone", channel="c1", reason="why", up_to=9))
    assert text
    assert "None" not in text


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (event("stored", nodes=(THERE,)), "at offset 7; bob is connected to bbbbbbbb"),
        (event("stored"), "bob is connected nowhere"),
        (event("repeated", offset=None), "stored earlier"),
        (event("published"), "to all nodes"),
        (event("published", nodes=(THERE,)), "to bbbbbbbb"),
        (event("failed", reason="the store is away"), "not stored: the store is away"),
        (event("acknowledged", device="phone", up_to=9), "by phone (up to offset 9)"),
    ],
)
def test_the_words_say_what_is_known(made: Event, words: str) -> None:
    assert words in describe(made)


def test_the_conclusion_where_the_recipients_node_cannot_be_asked() -> None:
    known, unknown = conclude(merge([answer(HERE, event("stored", nodes=(THERE,)))]), {HERE})
    assert known.startswith("Not delivered and not acknowledged, as far as the nodes know")
    assert unknown.startswith("bob was connected to bbbbbbbb, which cannot be asked any more")


def test_the_conclusion_of_a_way() -> None:
    [line] = conclude(merge(CROSSED), BOTH)
    assert line.startswith("Delivered, but not acknowledged")
    assert "server inbox bob" in line
    done = [*CROSSED, answer(THERE, event("acknowledged", 100.25, device="phone", up_to=7))]
    assert conclude(merge(done), BOTH) == ["Acknowledged by phone after 0.250 s."]


def test_the_conclusion_of_one_that_waited_and_one_that_was_repaired() -> None:
    stored = answer(HERE, event("stored"))
    waited, open_end = conclude(merge([stored]), BOTH)
    assert "connected nowhere: it waited" in waited
    assert open_end.startswith("Not delivered and not acknowledged")
    repaired = answer(THERE, event("repaired", 100.5, device="phone"))
    stored = answer(HERE, event("stored", nodes=(THERE,)))
    assert (
        "bbbbbbbb by itself, and was repaired from the inbox for phone after 0.500 s"
        in (conclude(merge([stored, repaired]), BOTH)[0])
    )


def test_the_conclusion_of_one_that_was_never_stored() -> None:
    [line] = conclude(merge([answer(HERE, event("failed", offset=None, reason="away"))]), BOTH)
    assert "never stored" in line
    assert conclude([], BOTH) == []


def test_nothing_known_says_how_far_back_the_nodes_remember() -> None:
    text = nothing_known("s-1", [answer(HERE), TraceAnswer(node=THERE, since=None, events=())])
    assert f"aaaaaaaa remembers everything since {clock_time(90.0, with_date=True)}" in text
    assert "bbbbbbbb keeps no journal" in text
    assert "no node answered" in nothing_known("s-1", [])


def test_json_has_everything() -> None:
    whole = json.loads(to_json("s-1", CROSSED, {"c": "away"}))
    assert whole["since"] == {HERE: 90.0, THERE: 90.0}
    assert whole["silent"] == {"c": "away"}
    assert whole["events"][0] == {
        **{"node": HERE, "time": 100.0, "event": "taken"},
        **{"to": "bob", "from": "alice", "epoch": "e"},
    }

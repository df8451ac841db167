"""What typed lines mean and how received ones look."""

from datetime import UTC
from typing import Any

import pytest

from client_sdk.chat_line import (
    HELP,
    Line,
    parse_line,
    printable,
    show_event,
    show_message,
    show_presence,
)
from client_sdk.events import Event, Happening
from client_sdk.message import Message

NOBODY = Line()
BOB = Line("bob")
FIXED = Line("bob", fixed=True)


@pytest.mark.parametrize(
    ("typed", "before", "after"),
    [
        ("bob: hello", NOBODY, Line("bob", text="hello")),
        ("  bob:   hello, you: there ", NOBODY, Line("bob", text="hello, you: there")),
        ("carol: hello", BOB, Line("carol", text="hello")),
        ("bob:", NOBODY, Line("bob")),
        ("hello", BOB, Line("bob", text="hello")),
        ("see http://x.example", BOB, Line("bob", text="see http://x.example")),
        ("http://x.example", BOB, Line("bob", text="http://x.example")),
        ("", BOB, BOB),
        ("/to bob", NOBODY, Line("bob", fixed=True, hint="writing to bob")),
        ("note: hello", FIXED, Line("bob", fixed=True, text="note: hello")),
        ("/to", FIXED, Line(hint="writing to nobody")),
        ("/quit", BOB, Line("bob", leave=True)),
        ("/who carol", BOB, Line("bob", who="carol")),
        ("/who", FIXED, Line("bob", fixed=True, hint=HELP)),
        ("/what", BOB, Line("bob", hint=HELP)),
    ],
)
def test_typed(typed: str, before: Line, after: Line) -> None:
    assert parse_line(typed, before) == after


def test_a_line_for_nobody_says_how() -> None:
    line = parse_line("hello", NOBODY)
    assert (line.text, line.to) == ("", "")
    assert "to whom?" in line.hint


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"text": "hello"}, "hello"),
        ("hello", "hello"),
        ({"text": 1}, '{"text": 1}'),
        (["ä", 1], '["ä", 1]'),
        ("a\x1b[2Jb\nc", "a�[2Jb�c"),
    ],
)
def test_received(body: Any, shown: str) -> None:
    assert show_message(Message("alice", body, 1, "s-1", 3600.0), UTC) == f"01:00:00 alice: {shown}"


def test_printable_keeps_what_people_write() -> None:
    assert printable("größer 漢字 🙂") == "größer 漢字 🙂"


def test_every_event_has_its_line() -> None:
    lines = {
        what: show_event(Event(what, "ws://a/ws", "n1", "4000", "why"), "bob") for what in Happening
    }
    assert lines.pop(Happening.ENDED) == ""
    assert lines[Happening.CONNECTED] == "* bob is on node n1 at ws://a/ws"
    assert lines[Happening.DISCONNECTED] == "* lost ws://a/ws: why (4000); looking for another node"
    assert lines[Happening.DEGRADED] == "* why away: messages may take a second longer"
    assert lines[Happening.RECOVERED] == "* all is well again"
    assert all(line.startswith("* ") for line in lines.values())


@pytest.mark.parametrize("what", list(Happening))
def test_no_event_reaches_the_terminal_as_a_command(what: Happening) -> None:
    assert "\x1b" not in show_event(Event(what, "ws://\x1b[2J", "\x1b", "4000", "\x1b"), "bob")


@pytest.mark.parametrize(
    ("online", "shown"),
    [
        (True, "* bob is connected"),
        (False, "* bob is not connected"),
        (None, "* can't tell now whether bob is connected"),
    ],
)
def test_presence(online: bool | None, shown: str) -> None:
    assert show_presence("bob", online) == shown

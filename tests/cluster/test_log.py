"""Log lines for people and for machines."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from cluster.log import JsonFormatter, TextFormatter, set_up_logging


@pytest.fixture
def _root() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def made(**extra: object) -> logging.LogRecord:
    record = logging.LogRecord("server.x", logging.WARNING, "f", 1, "%d nodes", (3,), None)
    record.created, record.msecs = 1_700_000_000.25, 250.0
    vars(record).update(extra)
    return record


def test_lines_for_people() -> None:
    assert TextFormatter().format(made()) == "2023-11-14T22:13:20.250Z WARNING server.x: 3 nodes"


def test_lines_for_machines_hold_what_was_passed_along() -> None:
    assert json.loads(JsonFormatter().format(made(user="bob", code=4000))) == {
        "time": 1_700_000_000.25,
        "level": "warning",
        "logger": "server.x",
        "message": "3 nodes",
        "user": "bob",
        "code": 4000,
    }


def test_what_json_cannot_hold_is_written_as_text() -> None:
    assert json.loads(JsonFormatter().format(made(error=ValueError("x"))))["error"] == "x"


def test_exceptions_are_shown() -> None:
    try:
        raise ValueError("on purpose")
    except ValueError:
        record = made(exc_info=sys.exc_info())
    assert "on purpose" in json.loads(JsonFormatter().format(record))["exception"]
    assert "Traceback" in TextFormatter().format(record)


@pytest.mark.usefixtures("_root")
@pytest.mark.parametrize("format", ["text", "json"])
def test_it_writes_to_standard_error(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", format)
    logging.getLogger("server.x").info("hello")
    logging.getLogger("server.x").debug("not this")
    logging.getLogger("kazoo").warning("nor this")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "hello" in lines[0]
    assert lines[0].startswith("{") is (format == "json")

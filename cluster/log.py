"""Logging for the command-line programs: lines for people, or one JSON object a line."""

import json
import logging
import sys
from datetime import UTC, datetime

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")

# What every LogRecord carries; anything else was passed as `extra=` and belongs in the output.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Write a record as one JSON object: time, level, logger, message and its extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; see `logging.Formatter.format`."""
        entry: dict[str, object] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def _visible(text: str) -> str:
    """Return a text whose control characters are written out: no message can fake another line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class TextFormatter(logging.Formatter):
    """Write a record as `2026-01-31T12:00:00.123Z WARNING server.node: …`, in UTC."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line without an exception; see `logging.Formatter.formatMessage`."""
        record.message = _visible(record.message)
        return super().formatMessage(record)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return the record's time in ISO 8601 with milliseconds."""
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def set_up_logging(level: str, format: str) -> None:
    """Send this process's log to standard error.

    Args:
        level: one of `LEVELS`.
        format: one of `FORMATS`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # The libraries tell of every connection, and call a lost one an error several times over; ours
    # say once what matters about it.
    for name, usual in (
        ("asyncio", logging.ERROR),
        ("aiohttp.access", logging.ERROR),
        ("kazoo", logging.CRITICAL),
        ("pika", logging.CRITICAL),
        ("websockets", logging.ERROR),
    ):
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else usual)

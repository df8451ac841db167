"""Results as a file: JSON that says what was measured, where and how. Reads and writes it."""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.bench_lib.options import Options
from scripts.bench_lib.row import Row
from scripts.stack.errors import StackError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of a file.

    Attributes:
        bench: the name of the benchmark.
        case: what was done.
        axes: in which numbers and words cases differ.
        figures: the medians.
    """

    bench: str
    case: str
    axes: dict[str, float | str]
    figures: dict[str, float]


def write(path: Path, rows: Sequence[Row], options: Options) -> None:
    """Write results to a file. nan becomes null, which JSON has."""
    content = {
        "version": _VERSION,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {
            "processors": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "options": {"reps": options.reps, "seconds": options.seconds, "warm": options.warm},
        "rows": [row.to_json() for row in rows],
    }
    path.write_text(json.dumps(_plain(content), indent=1) + "\n")


def read(path: Path) -> list[Kept]:
    """Read the rows of a file that `write` has written.

    Raises:
        StackError: it can't be read, or is something else.
    """
    try:
        content = json.loads(path.read_text())
        if content["version"] != _VERSION:
            raise ValueError(f"its version is {content['version']}")
        return [
            Kept(row["bench"], row["case"], row["axes"], _numbers(row["medians"]))
            for row in content["rows"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        problem = f"{path} holds no results ({exc!r})"
        raise StackError(problem, "name a file that --json has written") from exc


def _numbers(medians: dict[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in medians.items()}


def _plain(value: Any) -> Any:
    """Return the same without nan."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value

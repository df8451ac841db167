"""Results survive a file, whatever they hold; other files are refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from scripts.bench_lib import results
from scripts.bench_lib.options import Options
from scripts.stack.errors import StackError
from tests.scripts.bench_world import row


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    first = row("cross-node", "a", {"rate": 1.0}, {"rate": 3.0}, {"rate": 2.0}, nodes=2, kind="x")
    second = row("idle", "b", {"redis_us": math.nan})
    results.write(file, [first, second], Options(reps=3))
    kept, other = results.read(file)
    assert (kept.bench, kept.case, kept.axes) == ("cross-node", "a", {"nodes": 2, "kind": "x"})
    assert kept.figures == {"rate": 2.0}
    assert math.isnan(other.figures["redis_us"])


def test_the_file_says_where_and_how(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    results.write(file, [row("idle", "b", {"rate": 1.0})], Options(reps=7, seconds=2.5))
    content = json.loads(file.read_text())
    assert content["options"] == {"reps": 7, "seconds": 2.5, "warm": 1.0}
    assert content["machine"]["processors"] > 0
    assert content["rows"][0]["runs"][0]["tries"] == 1


@pytest.mark.parametrize("text", ["", "{}", '{"version": 0, "rows": []}', '{"version": 1}', "[]"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(StackError, match=r"r\.json"):
        results.read(tmp_path / "r.json")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="FileNotFoundError"):
        results.read(tmp_path / "r.json")

"""The command line: what it refuses, and what its help teaches."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from scripts.rolling_lib.cli import main


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, words)
    return result.exit_code, " ".join(result.output.split())


def test_help_tells_the_goals_and_the_defaults() -> None:
    code, shown = run("--help")
    assert code == 0
    for piece in (
        "at most twice as many reconnects as an even pace",
        "without a channel for more than 250 ms",
        "default: 300",
        "default: 500.0",
        "IM_ROLLING_RESTART_DRAIN_WITHIN",
        "scripts/rolling-restart --zk zk1:2181/test",
        "130 interrupted",
    ):
        assert piece in shown


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--nodes", "1"], "x>=2"),
        (["--clients", "1"], "x>=2"),
        (["--drain-within", "0"], "x>=0.1"),
        (["--redis", "r1:6379"], "expected redis://HOST:PORT"),
        (["--zk", "zk1:port"], "expected HOST:PORT"),
    ],
)
def test_wrong_options_are_explained(words: list[str], reason: str) -> None:
    code, output = run(*words)
    assert code == 2
    assert reason in output

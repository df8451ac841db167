"""The command line: what it refuses, and what it makes of options and environment."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner

from scripts.bench_lib import results
from scripts.bench_lib.cli import main
from scripts.bench_lib.options import Options
from scripts.bench_lib.session import BENCHES
from tests.scripts.bench_world import row


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*words])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["cross-node", "--rate", "fast"], "expected numbers"),
        (["cross-node", "--rate", "0"], "from 0.1 on"),
        (["cross-node", "--rate", "inf"], "from 0.1 on"),
        (["fanout-cost", "--nodes", "2.5"], "expected numbers"),
        (["fanout-cost", "--nodes", "1"], "from 2 on"),
        (["idle", "--pairs", "3"], "No such option"),
        (["local", "--redis", "r1:6379"], "expected redis://HOST:PORT"),
        (["plot", "/nonexistent", "--out", "x.svg"], "does not exist"),
        (["everything"], "No such command"),
    ],
)
def test_wrong_words_are_explained(words: list[str], reason: str) -> None:
    code, output = run(*words)
    assert code == 2
    assert reason in " ".join(output.split())


@pytest.mark.parametrize("name", [*BENCHES, "all", "plot"])
def test_each_command_explains_itself(name: str) -> None:
    code, output = run(name, "--help")
    assert code == 0
    assert "IM_BENCH_" in output


def test_defaults_are_those_of_the_options() -> None:
    context = click.Context(main.commands["cross-node"])
    for parameter in context.command.params:
        field = getattr(Options(), parameter.name or "", None)
        if field is not None and not isinstance(field, tuple):
            assert parameter.get_default(context) == field


def test_a_file_that_cannot_be_compared_with_is_found_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IM_BENCH_COMPARE", str(tmp_path / "none.json"))
    code, output = run("replay")
    assert code == 3
    assert "none.json" in output


def test_results_are_drawn(tmp_path: Path) -> None:
    file, drawing = tmp_path / "r.json", tmp_path / "r.svg"
    figures = {"nodes_us": 5.0, "redis_us": 1.0, "rabbitmq_us": 1.0}
    rows = [row("fanout-cost", "2", figures, nodes=2, routing="fanout")]
    results.write(file, rows, Options())
    assert run("plot", str(file), "--out", str(drawing)) == (0, "")
    assert ElementTree.parse(drawing).getroot().tag.endswith("svg")


def test_results_without_anything_to_draw_are_refused(tmp_path: Path) -> None:
    results.write(tmp_path / "r.json", [], Options())
    code, output = run("plot", str(tmp_path / "r.json"), "--out", str(tmp_path / "r.svg"))
    assert code == 3
    assert "nothing to draw" in output

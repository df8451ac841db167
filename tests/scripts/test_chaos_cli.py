"""The command line: what it refuses, and the plan that it prints without doing anything."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from scripts.chaos_lib.cli import main


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*words, "--plan"])
    return result.exit_code, result.output


def test_the_plan_is_the_seeds() -> None:
    code, first = run("--seed", "3", "--seconds", "60")
    assert code == 0
    assert first == run("--seed", "3", "--seconds", "60")[1]
    assert first != run("--seed", "4", "--seconds", "60")[1]
    assert "kill-node" in first


def test_faults_can_be_chosen() -> None:
    code, plan = run("--faults", "kill-redis,leave", "--seconds", "60")
    assert code == 0
    assert {line.split()[2] for line in plan.splitlines()} == {"kill-redis", "leave"}
    assert run("--faults", "none") == (0, "\n")


def test_services_of_others_are_only_cut_off() -> None:
    _, plan = run("--redis", "redis://r1", "--zk", "zk1:2181/test", "--seconds", "60")
    assert "cut-redis" in plan
    assert "kill-redis" not in plan
    assert "freeze-zookeeper" not in plan
    assert "kill-rabbitmq" in plan


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--faults", "earthquake"], "choose from all, none, kill-node"),
        (["--redis", "redis://r1", "--faults", "kill-redis"], "these services allow no kill-redis"),
        (["--redis", "r1:6379"], "expected redis://HOST:PORT"),
        (["--zk", "zk1:port"], "expected HOST:PORT"),
        (["--users", "1"], "x>=2"),
    ],
)
def test_wrong_options_are_explained(words: list[str], reason: str) -> None:
    code, output = run(*words)
    assert code == 2
    assert reason in " ".join(output.split())


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IM_CHAOS_SEED", "9")
    assert run() == run("--seed", "9")

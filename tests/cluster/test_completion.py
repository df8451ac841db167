"""Completion: the scripts that shells load, and that they ask the program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from balancer.cli import main as balancer
from cluster.completion import SHELLS
from server.cli import main as server

BIN = Path(sys.executable).parent
PROGRAMS = {"server": server, "balancer": balancer}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_its_script(program: str, shell: str) -> None:
    answer = CliRunner().invoke(PROGRAMS[program], ["completion", shell])
    assert answer.exit_code == 0
    assert f"_{program.upper()}_COMPLETE={shell}_complete" in answer.output
    assert program in answer.output


def test_another_shell_is_refused() -> None:
    answer = CliRunner().invoke(server, ["completion", "csh"])
    assert answer.exit_code == 2
    assert "bash" in answer.output


@pytest.mark.parametrize(
    ("words", "offered"),
    [("server tr", "trace"), ("server nodes --wa", "--watch"), ("server completion z", "zsh")],
)
def test_the_program_answers_what_the_script_asks(words: str, offered: str) -> None:
    environment = {
        **{"_SERVER_COMPLETE": "bash_complete", "COMP_WORDS": words},
        **{"COMP_CWORD": str(len(words.split()) - 1), "PATH": str(BIN)},
    }
    answer = subprocess.run(
        [BIN / "server"], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert f"plain,{offered}" in answer.stdout.splitlines()


def test_bash_takes_the_script() -> None:
    script = CliRunner().invoke(server, ["completion", "bash"]).output
    show = "complete -p server"
    answer = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n{show}"], capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    assert "server" in answer.stdout

"""The options for services are checked, and everything a run leaves behind has its folder."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from scripts.trial_lib import command
from scripts.trial_lib.command import log_into, make_folder, service_options, take_services
from scripts.trial_lib.target import Target


@click.command(context_settings={"auto_envvar_prefix": "IM_TRIAL"})
@service_options(", with care")
def trial(**words: Any) -> None:
    """Print the services."""
    click.echo(take_services(words))


def test_services_are_taken_out_of_the_options() -> None:
    words = {"zk": "zk1,zk2:9/c", "redis": "redis://r1", "amqp": None, "seed": 1}
    assert take_services(words) == {
        Target.ZOOKEEPER: "zk1:2181,zk2:9/c",
        Target.REDIS: "redis://r1",
    }
    assert words == {"seed": 1}


@pytest.mark.parametrize("option", [["--redis", "r1"], ["--amqp", "amqps://r"], ["--zk", "z:p"]])
def test_wrong_addresses_are_refused(option: list[str]) -> None:
    result = CliRunner().invoke(trial, option)
    assert result.exit_code == 2
    assert f"Invalid value for '{option[0]}'" in result.output


def test_help_tells_what_becomes_of_a_service() -> None:
    shown = " ".join(CliRunner().invoke(trial, ["--help"]).output.split())
    assert "Use this Redis, with care. [default: start one] [env var: IM_TRIAL_REDIS]" in shown


def test_each_run_has_its_folder_and_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "RUN", tmp_path)
    folder = make_folder("trial", 7)
    assert folder.parent == tmp_path / "trial"
    assert "seed7" in folder.name
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    try:
        log_into(folder / "trial.log")
        logging.getLogger("trial").info("here we go")
        for handler in root.handlers:
            handler.close()
    finally:
        root.handlers, root.level = before, level
    assert "here we go" in (folder / "trial.log").read_text()

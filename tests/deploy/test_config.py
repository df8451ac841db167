"""The example files with options are taken as they are."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import balancer.cli
import server.cli
from cluster.config_file import read_config
from tests.deploy.places import DEPLOY

FILES = [("im.toml", server.cli.main), ("balancer.toml", balancer.cli.main)]


@pytest.mark.parametrize(("name", "program"), FILES, ids=[name for name, _ in FILES])
def test_an_example_is_taken_by_its_program(name: str, program: click.Group) -> None:
    # `--help` ends it before anything is started, and after the file was read.
    answer = CliRunner().invoke(program, ["--config", str(DEPLOY / name), "start", "--help"])
    assert answer.exit_code == 0, answer.output
    assert "zk1:2181" in answer.output


def test_an_example_has_what_it_shows() -> None:
    tables = read_config(DEPLOY / "im.toml", click.Context(server.cli.main))
    assert tables["start"]["admin_port"] == 9177
    assert tables["start"]["zk"] == tables["nodes"]["zk"] == tables["doctor"]["zk"]
    assert tables["doctor"]["max_connections"] == tables["start"]["max_connections"]
    assert tables["start"]["drain_within"] == 60


def test_the_example_in_the_docs_is_taken(tmp_path: Path) -> None:
    page = (DEPLOY.parent / "docs" / "configuration.md").read_text()
    file = tmp_path / "im.toml"
    file.write_text(page.partition("```toml\n")[2].partition("```")[0])
    tables = read_config(file, click.Context(server.cli.main))
    assert tables["start"]["rebalance"] is False
    assert tables["start"]["redis"] == "redis://redis1:6379/0"

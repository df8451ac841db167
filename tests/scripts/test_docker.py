"""What docker can't do comes back as a reason, not as an exception."""

from __future__ import annotations

import pytest

from scripts.stack import zookeeper_image
from scripts.stack.docker import docker, engine_answers, last_line, pull
from scripts.stack.errors import StackError
from scripts.stack.paths import ROOT
from tests.services import free_port


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{free_port()}")


@pytest.mark.usefixtures("no_engine")
def test_no_engine() -> None:
    assert not engine_answers()
    assert "Cannot connect" in (pull("zookeeper:3.9.3") or "")


@pytest.mark.usefixtures("no_engine")
def test_an_image_needs_an_engine() -> None:
    with pytest.raises(StackError, match="no Docker engine answers: start dockerd"):
        zookeeper_image.make()


def test_no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert not engine_answers()
    assert docker("info").stderr == "docker isn't installed"


@pytest.mark.parametrize(
    ("text", "last"),
    [("", "no reason given"), ("one\n", "one"), ("one\n\n two \n\n", "two")],
)
def test_the_reason_stands_last(text: str, last: str) -> None:
    assert last_line(text) == last


def test_compose_runs_the_image_that_the_tests_run() -> None:
    assert f"image: {zookeeper_image.OFFICIAL}\n" in (ROOT / "compose.yaml").read_text()

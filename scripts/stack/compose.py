"""The services of compose.yaml as containers. Falls back to nothing; the caller decides."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.stack.catalog import Wanted
from scripts.stack.docker import docker, engine_answers, last_line, pull
from scripts.stack.errors import StackError
from scripts.stack.paths import ROOT


def project(port: int) -> str:
    """Name the compose project of one service on one port; a checkout may run several."""
    return f"im-{port}"


def obstacle(services: Sequence[Wanted]) -> str | None:
    """Return why these services can't run as containers; None when they can.

    Images that aren't there yet are pulled, which may take minutes.
    """
    if not engine_answers():
        return "no Docker engine answers"
    if docker("compose", "version").returncode != 0:
        return "docker has no compose plugin"
    for each in services:
        shown = _compose(each, "config", "--images", each.service.name)
        if shown.returncode != 0:
            return last_line(shown.stderr)
        why = pull(shown.stdout.strip())
        if why is not None:
            return f"no image {shown.stdout.strip()} ({why})"
    return None


def up(each: Wanted) -> None:
    """Start one service and return when its health check passes.

    Raises:
        StackError: compose says why.
    """
    started = _compose(each, "up", "--detach", "--wait", each.service.name, timeout=180)
    if started.returncode != 0:
        problem = f"compose couldn't start {each.service.title}: {last_line(started.stderr)}"
        raise StackError(problem, f"see docker compose -p {project(each.port)} logs")


def down(each: Wanted) -> None:
    """End one service and remove its container; its volume stays. Idempotent."""
    _compose(each, "down", timeout=120)


def inside(each: Wanted, *words: str) -> list[str]:
    """Return the command that runs these words in the container of a service."""
    return ["docker", "compose", *_options(each), "exec", each.service.name, *words]


def _options(each: Wanted) -> tuple[str, ...]:
    return ("--file", str(Path(ROOT, "compose.yaml")), "--project-name", project(each.port))


def _compose(each: Wanted, *words: str, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
    environ: Mapping[str, str] = {**os.environ, each.service.port_variable: str(each.port)}
    return docker("compose", *_options(each), *words, timeout=timeout, environ=environ)

"""The Docker engine of this machine, by its command line. Starts no engine; see `dockerd.py`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping


def docker(
    *words: str, timeout: float = 60.0, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one docker command and return what it said; it isn't raised when it fails.

    A command that is missing or takes longer than `timeout` comes back with code 125, as docker
    itself ends when its engine is at fault.
    """
    command = ["docker", *words]
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environ,
            check=False,
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 125, "", "docker isn't installed")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 125, "", f"no answer in {timeout:.0f} s")


def engine_answers() -> bool:
    """Tell whether an engine is there to run containers."""
    if shutil.which("docker") is None:
        return False
    return docker("info", "--format", "{{.ServerVersion}}", timeout=15).returncode == 0


def has_image(name: str) -> bool:
    """Tell whether the engine holds an image already."""
    return docker("image", "inspect", "--format", "{{.Id}}", name).returncode == 0


def pull(name: str, timeout: float = 300.0) -> str | None:
    """Get an image unless it is there; return why it can't be had, None when it is there."""
    if has_image(name):
        return None
    pulled = docker("pull", "--quiet", name, timeout=timeout)
    return None if pulled.returncode == 0 else last_line(pulled.stderr)


def last_line(text: str) -> str:
    """Return the last line that says anything: docker's reason stands at the end."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"

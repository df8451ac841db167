"""Start a Docker engine where none runs, and end the one that was started.

Its data lie under `.run/`, so that no other engine's images are touched.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from scripts.stack.docker import engine_answers
from scripts.stack.errors import StackError
from scripts.stack.packages import can_install, install
from scripts.stack.paths import RUN
from scripts.stack.process import Process, launch
from scripts.stack.say import say
from scripts.stack.waiting import wait_until

_FOLDER = RUN / "dockerd"
_LOG = _FOLDER / "log"
_SOCKET = Path("/var/run/docker.sock")
_READY_WITHIN = 90.0

# The engine's own choice first; vfs copies whole layers, but works on every file system.
_DRIVERS = ((), ("--storage-driver=vfs",))


def start() -> Process | None:
    """Make an engine answer; return it if it was started for that, None if one ran already.

    Raises:
        StackError: none runs and none can be started; the cure is in the message.
    """
    if engine_answers():
        return None
    cure = "start dockerd as root, or set IM_TEST_ZK=HOST:PORT"
    if os.geteuid() != 0:
        raise StackError("no Docker engine answers", cure)
    if shutil.which("dockerd") is None or shutil.which("docker") is None:
        if not can_install():
            raise StackError("Docker isn't installed", cure)
        # Its recommended packages are not: iptables is what it needs even for host networking.
        install(["docker.io", "iptables"], RUN / "apt.log")
    for driver in _DRIVERS:
        process = _try(driver)
        if process is not None:
            return process
    raise StackError("dockerd doesn't start", f"see {_LOG}, or set IM_TEST_ZK=HOST:PORT")


def _try(driver: tuple[str, ...]) -> Process | None:
    """Start an engine with this storage driver; return None when it ends or stays silent."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    say(f"starting dockerd {' '.join(driver)}(log: {_LOG})")
    process = launch(_command(driver), _LOG, os.environ, _FOLDER)
    wait_until(
        lambda: engine_answers() or not process.alive(), _READY_WITHIN, "waiting for dockerd"
    )
    if process.alive() and engine_answers():
        return process
    process.end()
    return None


def _command(driver: tuple[str, ...]) -> list[str]:
    places = {
        "--data-root": _FOLDER / "data",
        "--pidfile": _FOLDER / "pid",
        "--host": f"unix://{_SOCKET}",
    }
    words = [f"{name}={place}" for name, place in places.items()]
    # The tests' containers use the machine's own network.
    return ["dockerd", *words, "--bridge=none", "--iptables=false", "--ip6tables=false", *driver]

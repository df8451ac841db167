"""`scripts/test`: everything from a bare machine to the tests' exit code.

What it starts it ends; what ran before goes on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from scripts.stack import (
    chromium,
    dockerd,
    nginx,
    node_js,
    operator_tools,
    services,
    venv,
    zookeeper_image,
)
from scripts.stack.catalog import wanted
from scripts.stack.docker import has_image, pull
from scripts.stack.errors import StackError
from scripts.stack.instance import HOST
from scripts.stack.paths import ROOT, VENV_BIN
from scripts.stack.say import complain, say

_WITHIN = 3600.0
"""Seconds for the tests: a test that hangs while it is torn down has no limit of its own."""

_PATIENCE = 60.0
"""Seconds that interrupted tests get to end what they have started."""

_TOO_LATE = 124
"""The exit code of timeout(1)."""


def run(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Check the code and run pytest with `words`; return the exit code of what failed first.

    The tests run also when the checks fail: one run tells all.

    Raises:
        StackError: something that the tests need can't be had; the cure is in the message.
    """
    venv.make()
    node_js.install_if_missing()
    chromium.install_if_missing()
    nginx.install_if_missing()
    operator_tools.install_if_missing()
    checked = subprocess.run([str(ROOT / "scripts" / "check")], check=False).returncode
    with contextlib.ExitStack() as at_end:
        settings = {**_servers(environ, at_end), **_zookeeper(environ, at_end)}
        say(" ".join(["pytest", *words]))
        tested = _pytest(words, {**environ, **settings})
    return checked or tested


def _pytest(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the tests; when they are interrupted, let them end the servers of their own first."""
    command = [str(VENV_BIN / "python"), "-m", "pytest", *words]
    within = float(environ.get("IM_TEST_WITHIN") or _WITHIN)
    with subprocess.Popen(command, cwd=ROOT, env=environ) as child:
        try:
            return child.wait(within)
        except KeyboardInterrupt:
            # The terminal has told pytest as well.
            _end(child)
            raise
        except SystemExit:
            child.send_signal(signal.SIGINT)
            _end(child)
            raise
        except subprocess.TimeoutExpired:
            complain(f"scripts/test: the tests took over {within:g} s: set IM_TEST_WITHIN to more")
            child.send_signal(signal.SIGINT)
            _end(child)
            return _TOO_LATE


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()


def _servers(environ: Mapping[str, str], at_end: contextlib.ExitStack) -> dict[str, str]:
    """Start Redis and RabbitMQ unless they are named; return what tells the tests of them."""
    forms = {
        "redis": ("IM_TEST_REDIS", "redis://{}:{}/0"),
        "rabbitmq": ("IM_TEST_AMQP", "amqp://guest:guest@{}:{}/%2F"),
    }
    needed = [name for name, (variable, _) in forms.items() if not environ.get(variable)]
    if not needed:
        return {}
    started = services.up(needed, environ)
    at_end.callback(services.end, started)
    return {
        forms[each.service.name][0]: forms[each.service.name][1].format(HOST, each.port)
        for each in wanted(needed, environ)
    }


def _zookeeper(environ: Mapping[str, str], at_end: contextlib.ExitStack) -> dict[str, str]:
    """Get an image of ZooKeeper and an engine to run it; return what tells the tests of it."""
    if environ.get("IM_TEST_ZK"):
        return {}
    engine = dockerd.start()
    if engine is not None:
        at_end.callback(engine.end)
        at_end.callback(say, "ending dockerd")
    return {"IM_TEST_ZOOKEEPER_IMAGE": environ.get("IM_TEST_ZOOKEEPER_IMAGE") or _image()}


def _image() -> str:
    """Return the official image, or the one made here where that can't be pulled."""
    if not has_image(zookeeper_image.OFFICIAL) and has_image(zookeeper_image.TAG):
        return zookeeper_image.TAG
    say(f"getting the image {zookeeper_image.OFFICIAL}")
    why = pull(zookeeper_image.OFFICIAL)
    if why is None:
        return zookeeper_image.OFFICIAL
    say(f"{zookeeper_image.OFFICIAL} can't be pulled ({why}): making one from Debian's packages")
    return zookeeper_image.make()


def main(words: Sequence[str]) -> int:
    """Run and return the exit code; 1 with one line for what is missing."""
    # Ended by a supervisor, it still ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(words, os.environ)
    except StackError as error:
        complain(f"scripts/test: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

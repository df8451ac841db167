"""Node.js: the command that runs the browser SDK outside a browser."""

import re
import shutil
import subprocess

import pytest

CURE = "run as root: apt-get install nodejs node-ws"
# The first version with all that the tests use, and the one from which on `WebSocket` is there.
_LEAST = 18
_HAS_WEBSOCKET = 22


def node_js() -> list[str]:
    """Return the command for Node.js, with the options that it needs; fail the test without it."""
    program = shutil.which("node")
    if program is None:
        pytest.fail(f"Node.js is missing: {CURE}", pytrace=False)
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = re.match(r"v(\d+)\.(\d+)", said.stdout)
    assert version is not None, said.stdout
    major, minor = int(version[1]), int(version[2])
    if major < _LEAST:
        pytest.fail(f"Node.js {said.stdout.strip()} is too old: take 18 or later", pytrace=False)
    # Before 20.10 there is none at all: the tests take that of the package `ws`.
    flag = (20, 10) <= (major, minor) < (_HAS_WEBSOCKET, 0)
    return [program, *(["--experimental-websocket", "--no-warnings"] if flag else [])]

"""Node.js, in which the tests run the browser SDK."""

from __future__ import annotations

import shutil

from scripts.stack.packages import can_install, install
from scripts.stack.paths import RUN

_PACKAGES = ("nodejs", "node-ws")
"""Debian 12 has Node.js 18, which lacks WebSocket: that of `ws` stands in."""


def install_if_missing() -> bool:
    """Install Node.js where it is missing and can be installed; return whether it is there.

    Where it can't be, the tests that need it fail and name the cure; the others run.

    Raises:
        StackError: apt-get failed; the cure is in the message.
    """
    if shutil.which("node") is None and can_install():
        install(_PACKAGES, RUN / "apt.log")
    return shutil.which("node") is not None

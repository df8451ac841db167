"""Chromium, in which the tests look at the page."""

from __future__ import annotations

import shutil

from scripts.stack.packages import can_install, install
from scripts.stack.paths import RUN


def install_if_missing() -> bool:
    """Install Chromium where it is missing and can be installed; return whether it is there.

    Where it can't be, the tests that need it fail and name the cure; the others run.

    Raises:
        StackError: apt-get failed; the cure is in the message.
    """
    if shutil.which("chromium") is None and can_install():
        install(("chromium",), RUN / "apt.log")
    return shutil.which("chromium") is not None

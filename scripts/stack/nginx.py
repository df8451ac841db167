"""nginx, through which the tests connect to nodes."""

from __future__ import annotations

import os
import shutil

from scripts.stack.packages import can_install, install
from scripts.stack.paths import RUN

_PACKAGES = ("nginx",)


def find() -> str | None:
    """Return the program; None if it is missing. Debian keeps it where only root looks."""
    return shutil.which("nginx", path=f"/usr/sbin:{os.environ.get('PATH', os.defpath)}")


def install_if_missing() -> bool:
    """Install nginx where it is missing and can be installed; return whether it is there.

    Where it can't be, the tests that need it fail and name the cure; the others run.

    Raises:
        StackError: apt-get failed; the cure is in the message.
    """
    if find() is None and can_install():
        install(_PACKAGES, RUN / "apt.log")
    return find() is not None

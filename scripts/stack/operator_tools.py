"""Programs of others by which the tests check the files in `deploy/`, and run the docs."""

from __future__ import annotations

import shutil

from scripts.stack.packages import can_install, install
from scripts.stack.paths import RUN

PACKAGES = {
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
    "curl": "curl",
    "openssl": "openssl",
}
"""Debian's package for each program."""


def install_if_missing() -> list[str]:
    """Install what is missing and can be installed; return the programs that are missing still.

    Where they can't be, the tests that need them fail and name the cure; the others run.

    Raises:
        StackError: apt-get failed; the cure is in the message.
    """
    packages = [PACKAGES[program] for program in _missing()]
    if packages and can_install():
        install(packages, RUN / "apt.log")
    return _missing()


def _missing() -> list[str]:
    return [program for program in PACKAGES if shutil.which(program) is None]

"""Install the distribution's packages. Only as root, only with apt-get, never starting services."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.stack.errors import StackError
from scripts.stack.say import say

_LISTS = Path("/var/lib/apt/lists")
_POLICY = Path("/usr/sbin/policy-rc.d")
_PAUSES = (2.0, 15.0)
"""Seconds before the second attempt to install something, and before the last one."""

_FORBID = """\
#!/bin/sh
# Services of the packages that are being installed are not to be started.
exit 101
"""


def can_install() -> bool:
    """Tell whether this machine and this user can install packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str], log: Path) -> None:
    """Install packages, refreshing apt's lists when they are empty or out of date.

    What fails is tried again: a mirror that does not answer for a moment, lists that are old, and
    another apt at work, as when a machine has just been started, all look the same from here.

    Raises:
        StackError: not root, no apt-get, or apt-get failed again and again; the cure is in the
            message.
    """
    names = " ".join(packages)
    if not can_install():
        raise StackError(f"{names} missing", f"run as root: apt-get install {names}")
    say(f"installing {names} (log: {log})")
    log.parent.mkdir(parents=True, exist_ok=True)
    with _no_service_starts():
        refresh_if_empty(log)
        for pause in (*_PAUSES, None):
            if _apt(["install", "-y", "--no-install-recommends", *packages], log) == 0:
                return
            if pause is not None:
                time.sleep(pause)
                _apt(["update"], log)
    raise StackError(f"apt-get couldn't install {names}", f"see {log}")


def refresh_if_empty(log: Path) -> None:
    """Get apt's lists where there are none, as on a bare machine."""
    if not any(_LISTS.glob("*Packages*")):
        _apt(["update"], log)


def _apt(words: Sequence[str], log: Path) -> int:
    """Run apt-get without questions; return its exit code."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with log.open("ab") as output:
        return subprocess.run(
            ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environ,
            check=False,
        ).returncode


@contextlib.contextmanager
def _no_service_starts() -> Iterator[None]:
    """Keep packages from starting their services on the standard ports, with their own settings.

    A policy that the machine's owner has set is left as it is.
    """
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text(_FORBID)
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)

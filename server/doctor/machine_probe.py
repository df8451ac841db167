"""Look at this machine. It changes nothing."""

import resource
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from server.doctor.machine import MachineFacts

_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def look_at_machine() -> MachineFacts:
    """Return what there is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MachineFacts(
        soft_files=_limit(soft),
        hard_files=_limit(hard),
        somaxconn=_somaxconn(),
        uvloop=_uvloop(),
        python=sys.version_info[:3],
        time=time.time(),
    )


def _limit(number: int) -> int | None:
    return None if number == resource.RLIM_INFINITY else number


def _somaxconn() -> int | None:
    try:
        return int(_SOMAXCONN.read_text())
    except (OSError, ValueError):
        return None


def _uvloop() -> str | None:
    try:
        return version("uvloop")
    except PackageNotFoundError:
        return None

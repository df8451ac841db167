"""Remove what a test has left in services that it shares with others."""

from __future__ import annotations

import contextlib
import uuid

from kazoo.client import KazooClient

from scripts.trial_lib.traces import TracesLeft, remove_exchanges, remove_keys, remove_znodes

__all__ = ["make_chroot", "remove_chroot", "remove_exchanges", "remove_keys"]


def make_chroot(hosts: str) -> str:
    """Create a fresh, empty chroot and return its path."""
    path = f"/t{uuid.uuid4().hex[:12]}"
    client = KazooClient(hosts, timeout=10)
    client.start(timeout=10)
    try:
        client.create(path)
    finally:
        client.stop()
        client.close()
    return path


def remove_chroot(hosts: str, path: str) -> None:
    """Delete a chroot with all that is below; a node that still registers may win."""
    with contextlib.suppress(TracesLeft):
        remove_znodes(hosts, path)

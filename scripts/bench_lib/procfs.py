"""What Linux tells about processes and processors under /proc. Changes nothing.

Processes may end while they are looked at: what is gone has used no time and takes no memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICK = 1.0 / os.sysconf("SC_CLK_TCK")
"""Seconds of one tick, in which the kernel counts time."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_LISTENING = "0A"
_PROXIES = {"docker-proxy"}


@dataclass(frozen=True, slots=True)
class ProcessorTimes:
    """Seconds since the start of the machine, all processors together.

    Attributes:
        busy: something ran here.
        steal: something would have run here, but the host gave the time to others.
    """

    busy: float
    steal: float


def parse_processors(text: str) -> ProcessorTimes:
    """Read the first line of /proc/stat, the sum over all processors (see proc(5))."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, text.split()[1:9])
    # The time of guests is contained in `user` and `nice`.
    return ProcessorTimes((user + nice + system + irq + softirq) * TICK, steal * TICK)


def parse_process(text: str) -> tuple[int, int]:
    """Read /proc/PID/stat: the id of the parent, and user and system time in ticks."""
    # The name in parentheses may hold anything, parentheses too.
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), int(fields[11]) + int(fields[12])


def processor_times() -> ProcessorTimes:
    """Return what all processors have done so far."""
    return parse_processors(Path("/proc/stat").read_text())


def tree(roots: Iterable[int]) -> set[int]:
    """Return these processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for pid in _all_processes():
        if (stat := _stat(pid)) is not None:
            children.setdefault(stat[0], []).append(pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting.extend(children.get(pid, ()))
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the user and system time that these processes have used."""
    return sum(stat[1] for pid in pids if (stat := _stat(pid)) is not None) * TICK


def resident_bytes(pids: Iterable[int]) -> int:
    """Return the memory of these processes that is in RAM (RSS)."""
    return sum(_resident_pages(pid) for pid in pids) * _PAGE_BYTES


def listener(port: int) -> int | None:
    """Return the process that listens on a TCP port; None if it can't be told.

    A container's published port belongs to a proxy of the engine's, which is not what is meant.
    """
    sockets = {f"socket:[{inode}]" for inode in _listening_sockets(port)}
    for pid in _all_processes() if sockets else ():
        if sockets & set(_open_files(pid)):
            return None if _name(pid) in _PROXIES else pid
    return None


def threads(pid: int) -> list[int]:
    """Return the ids of a process's threads."""
    return _numbers(Path(f"/proc/{pid}/task"))


def parse_listening(text: str, port: int) -> list[str]:
    """Read /proc/net/tcp: the inodes of the sockets that listen on a port."""
    rows = (line.split() for line in text.splitlines()[1:])
    return [row[9] for row in rows if row[3] == _LISTENING and _port(row[1]) == port]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _listening_sockets(port: int) -> list[str]:
    tables = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
    return [each for table in tables for each in parse_listening(_read(table), port)]


def _all_processes() -> list[int]:
    return _numbers(Path("/proc"))


def _numbers(folder: Path) -> list[int]:
    try:
        return [int(name) for name in os.listdir(folder) if name.isdecimal()]
    except FileNotFoundError:
        return []


def _stat(pid: int) -> tuple[int, int] | None:
    text = _read(Path(f"/proc/{pid}/stat"))
    return parse_process(text) if text else None


def _resident_pages(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) if fields else 0


def _name(pid: int) -> str:
    return _read(Path(f"/proc/{pid}/comm")).strip()


def _open_files(pid: int) -> list[str]:
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [_target(f"{folder}/{name}") for name in names]


def _target(link: str) -> str:
    """Return where a link leads; nothing if it is gone, as that to the folder being listed."""
    try:
        return os.readlink(link)
    except OSError:
        return ""


def _read(path: Path) -> str:
    """Return what a file of /proc says; nothing if its process is gone or somebody else's."""
    try:
        return path.read_text()
    except OSError:
        return ""

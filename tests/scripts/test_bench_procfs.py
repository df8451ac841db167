"""What /proc says is read as proc(5) describes it, and agrees with what processes know."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import pytest

from scripts.bench_lib import procfs
from scripts.stack.waiting import wait_until

PROCESSORS = "cpu  100 20 30 4000 7 1 2 50 9 3\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
PROCESS = "42 (a) b (c)) S 7 42 42 0 -1 4194304 1 2 3 4 150 50 9 9 20 0 1 0 1 1 1"
LISTENING = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1
   1: 0100007F:18EB 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 778 1
   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 779 1
"""


def test_processors_count_neither_guests_nor_idle_time() -> None:
    times = procfs.parse_processors(PROCESSORS)
    assert times.busy == pytest.approx((100 + 20 + 30 + 1 + 2) * procfs.TICK)
    assert times.steal == pytest.approx(50 * procfs.TICK)


def test_a_process_may_have_parentheses_in_its_name() -> None:
    assert procfs.parse_process(PROCESS) == (7, 200)


def test_only_listening_sockets_of_the_port_are_found() -> None:
    assert procfs.parse_listening(LISTENING, 6379) == ["777"]
    assert procfs.parse_listening(LISTENING, 1) == []


def test_own_time_grows_with_work() -> None:
    before = procfs.cpu_seconds([os.getpid()])
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    assert procfs.cpu_seconds([os.getpid()]) - before > 0.1


def test_a_child_is_in_the_tree_until_it_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in procfs.tree([os.getpid()])
        assert procfs.threads(child.pid)
        assert wait_until(lambda: procfs.resident_bytes([child.pid]) > 1_000_000, 5.0)
    assert child.pid not in procfs.tree([os.getpid()])
    assert procfs.cpu_seconds([child.pid]) == procfs.resident_bytes([child.pid]) == 0


def test_who_listens_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert procfs.listener(port) == os.getpid()
    assert procfs.listener(port) is None

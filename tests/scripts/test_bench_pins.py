"""Pins bind whole processes, and put back what was."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from scripts.bench_lib import procfs
from scripts.bench_lib.pins import Pins


def test_nodes_and_others_are_apart_where_there_is_more_than_one_processor() -> None:
    three, one = Pins([2, 0, 1]), Pins([3])
    assert three.for_nodes == frozenset({0})
    assert three.for_others == frozenset({1, 2})
    assert one.for_nodes == one.for_others == frozenset({3})


@pytest.fixture
def child() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def test_everything_is_put_back(child: subprocess.Popen[bytes]) -> None:
    before = os.sched_getaffinity(0)
    with child:
        with Pins() as pins:
            pins.nodes([child.pid])
            assert os.sched_getaffinity(child.pid) == pins.for_nodes
            pins.others([child.pid])
            assert os.sched_getaffinity(child.pid) == pins.for_others
            pins.anywhere([child.pid])
            assert os.sched_getaffinity(child.pid) == before
            pins.nodes([child.pid])
        assert os.sched_getaffinity(child.pid) == before


def test_every_thread_is_pinned() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        before = {tid: os.sched_getaffinity(tid) for tid in procfs.threads(os.getpid())}
        with Pins() as pins:
            pins.others([os.getpid()])
            assert thread.native_id is not None
            assert os.sched_getaffinity(thread.native_id) == pins.for_others
        assert {tid: os.sched_getaffinity(tid) for tid in before} == before
    finally:
        over.set()
        thread.join()


def test_who_has_ended_is_no_problem(child: subprocess.Popen[bytes]) -> None:
    with child:
        pass
    with Pins() as pins:
        pins.nodes([child.pid])

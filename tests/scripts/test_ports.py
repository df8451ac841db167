"""Ports are free when they are given, come once, and are none that the system gives away."""

from __future__ import annotations

import random
import socket

import pytest

from scripts.stack import ports
from scripts.stack.ports import LASTING, free_port


def test_a_port_is_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))


def test_no_port_is_one_of_outgoing_connections() -> None:
    assert all(free_port() in LASTING for _ in range(20))


def test_no_port_comes_twice_whatever_has_seeded_the_chance() -> None:
    given = []
    for _ in range(50):
        random.seed(0)
        given.append(free_port())
    assert len(set(given)) == 50


def test_a_port_in_use_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, other = free_port(), free_port()
    monkeypatch.setattr(ports, "_candidates", iter([taken, other]))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", taken))
        assert free_port() == other


def test_that_there_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_candidates", iter([]))
    with pytest.raises(OSError, match="no free port"):
        free_port()

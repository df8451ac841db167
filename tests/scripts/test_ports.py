"""Ports are free when they are given, and lasting ones are outside what the system gives away."""

from __future__ import annotations

import socket

from scripts.stack.ports import free_port, lasting_port


def test_ports_are_free() -> None:
    for port in (free_port(), lasting_port()):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


def test_lasting_ports_are_no_ports_of_outgoing_connections() -> None:
    assert all(20000 <= lasting_port() < 32000 for _ in range(20))

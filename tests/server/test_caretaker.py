"""The caretaker: who is late, silent or not reading is ended, and nobody else."""

from __future__ import annotations

import asyncio

import pytest
from websockets.frames import Opcode

from cluster.codes import CloseCode
from server import caretaker
from server.caretaker import Caretaker
from server.keepalive import KeepAlive
from server.stats import Stats
from tests.server.lines import Line
from tests.services.eventually import eventually


class Watch:
    """A caretaker on a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.stats = Stats()
        self.caretaker = Caretaker(
            KeepAlive(25.0, 10.0),
            self.stats,
            connect_timeout=5.0,
            slow_timeout=10.0,
            clock=lambda: self.now,
        )

    def open(self) -> Line:
        """Open a channel."""
        line = Line()
        line.channel.heard = self.now
        self.caretaker.opened(line.channel)
        return line

    def pass_time(self, seconds: float) -> None:
        """Let time pass, with a round every second."""
        for _ in range(int(seconds)):
            self.now += 1.0
            self.caretaker.round()


async def test_a_client_that_never_connects_is_closed() -> None:
    watch = Watch()
    late, prompt = watch.open(), watch.open()
    watch.pass_time(4)
    watch.caretaker.connecting(prompt.channel)
    assert [late.peer.close_code, prompt.peer.close_code] == [None, None]
    watch.pass_time(1)
    assert [late.peer.close_code, prompt.peer.close_code] == [CloseCode.CONNECT_TIMEOUT, None]


async def test_a_client_that_goes_on_not_reading_is_cut_off() -> None:
    watch = Watch()
    slow, tired = watch.open(), watch.open()
    for line in (slow, tired):
        watch.caretaker.connecting(line.channel)
        watch.caretaker.writable(line.channel, False)
    watch.pass_time(9)
    watch.caretaker.writable(slow.channel, False)
    watch.caretaker.writable(tired.channel, True)
    watch.pass_time(1)
    assert slow.peer.tcp.aborted, "being told again gives it no more time"
    assert not tired.peer.tcp.aborted
    assert watch.stats.slow == 1
    slow.peer.hang_up()
    assert slow.node.states[-1] == f"ended {CloseCode.TOO_SLOW}"


async def test_a_silent_client_is_pinged_then_cut_off() -> None:
    watch = Watch()
    silent, alive = watch.open(), watch.open()
    for line in (silent, alive):
        watch.caretaker.connecting(line.channel)
        line.peer.opcodes()
    watch.pass_time(27)
    assert silent.peer.opcodes() == [Opcode.PING]
    alive.channel.heard = watch.now
    watch.pass_time(12)
    assert silent.peer.tcp.aborted
    assert not alive.peer.tcp.aborted
    silent.peer.hang_up()
    assert silent.node.states[-1] == f"ended {CloseCode.HEARTBEAT_MISSED}"


async def test_a_client_that_is_not_read_is_not_silent() -> None:
    watch = Watch()
    line = watch.open()
    line.channel.paused = True
    watch.pass_time(100)
    assert not line.peer.tcp.is_closing()
    line.channel.paused = False
    watch.pass_time(60)
    assert line.peer.tcp.is_closing()


async def test_what_has_ended_is_forgotten() -> None:
    watch = Watch()
    line = watch.open()
    watch.caretaker.writable(line.channel, False)
    watch.caretaker.ended(line.channel)
    watch.pass_time(60)
    assert not line.peer.tcp.closing
    assert line.peer.opcodes() == []
    assert watch.stats == Stats()


async def test_it_makes_its_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caretaker, "INTERVAL", 0.001)
    watch = Watch()
    line = watch.open()
    running = asyncio.create_task(watch.caretaker.run())
    watch.now += 6.0
    await eventually(lambda: line.peer.close_code == CloseCode.CONNECT_TIMEOUT)
    running.cancel()

"""What a bus hands to its node, and what it survives."""

import logging

import pytest

from server.bus_listener import BusListener


def fail(_value: object) -> None:
    raise LookupError("as the test wants it")


def ignore(_value: object) -> None:
    pass


def test_batches_are_handed_over() -> None:
    listener, seen = BusListener(), list[bytes]()
    listener.attach(seen.append, ignore)
    listener.deliver(b"one")
    listener.deliver(b"two")
    assert seen == [b"one", b"two"]
    assert listener.receive_errors == 0


def test_a_batch_without_a_receiver_is_dropped() -> None:
    listener = BusListener()
    listener.deliver(b"early")
    listener.tell(True)
    assert listener.connected
    assert listener.receive_errors == 0


def test_errors_are_counted_and_logged_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    listener = BusListener(clock=lambda: now[0])
    listener.attach(fail, ignore)
    for _ in range(100):
        listener.deliver(b"bad")
    assert listener.receive_errors == 100
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is not None

    now[0] = 11.0
    listener.deliver(b"bad")
    assert len(caplog.records) == 2
    assert "101 so far" in caplog.records[1].getMessage()


def test_a_change_is_told_once() -> None:
    listener, told = BusListener(), list[bool]()
    listener.attach(ignore, told.append)
    for value in (False, True, True, False, False, True):
        listener.tell(value)
    assert told == [True, False, True]


def test_an_error_in_the_listener_of_changes_is_survived(
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener = BusListener()
    listener.attach(ignore, fail)
    with caplog.at_level(logging.ERROR):
        listener.tell(True)
    assert listener.connected
    assert "connected=True" in caplog.text

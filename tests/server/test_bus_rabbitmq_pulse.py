"""When a pulse is sent, and what its absence says."""

from server.bus_rabbitmq_pulse import Pulse


def beat_at(pulse: Pulse, now: float) -> bytes:
    beat = pulse.due(now)
    assert beat is not None
    return beat


def test_one_is_due_at_once_and_then_at_its_interval() -> None:
    pulse = Pulse(interval=0.5, lag_limit=2.0)
    assert pulse.heard(beat_at(pulse, 10.0))
    assert pulse.due(10.4) is None
    assert pulse.due(10.5) is not None


def test_one_at_a_time_is_on_its_way() -> None:
    pulse = Pulse(interval=0.5, lag_limit=2.0)
    beat_at(pulse, 10.0)
    assert pulse.due(11.9) is None
    assert pulse.due(12.0) is not None


def test_the_lag_is_that_of_the_oldest() -> None:
    pulse = Pulse(interval=0.5, lag_limit=2.0)
    assert pulse.lag(10.0) == 0.0
    first = beat_at(pulse, 10.0)
    assert pulse.lag(11.5) == 1.5
    beat_at(pulse, 12.0)
    assert pulse.lag(13.0) == 3.0
    assert pulse.heard(first)
    assert pulse.lag(13.0) == 1.0


def test_a_later_one_gives_up_those_before_it() -> None:
    pulse = Pulse(interval=0.5, lag_limit=2.0)
    lost = beat_at(pulse, 10.0)
    assert pulse.heard(beat_at(pulse, 12.0))
    assert pulse.lag(13.0) == 0.0
    assert not pulse.heard(lost)


def test_what_was_never_sent_is_not_heard() -> None:
    pulse = Pulse(interval=0.5, lag_limit=2.0)
    beat_at(pulse, 10.0)
    for rubbish in (b"", b"0", b"2", b"\xff", b"1 "):
        assert not pulse.heard(rubbish)
    assert not pulse.proven


def test_it_is_proven_once_one_has_come_back() -> None:
    pulse = Pulse(interval=0.5, lag_limit=2.0)
    beat = beat_at(pulse, 10.0)
    assert pulse.heard(beat)
    assert pulse.proven
    assert not pulse.heard(beat)

"""The counters."""

from server.stats import Stats


def test_counters_begin_at_zero_and_are_nobody_elses() -> None:
    one, other = Stats(), Stats()
    one.closes["1000"] += 1
    one.received += 1
    assert other == Stats()
    assert (other.received, other.closes["1000"]) == (0, 0)

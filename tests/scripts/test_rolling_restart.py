"""A restart that is under way has no end yet."""

from __future__ import annotations

from scripts.rolling_lib.restart import Restart


def test_what_has_not_happened_is_infinitely_late() -> None:
    restart = Restart("node-1", 100, 5.0)
    assert restart.gone == restart.back == float("inf")
    assert restart.moved_to == {}

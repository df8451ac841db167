"""The weather: a node is clear again when the last fault that clouds it has passed."""

from __future__ import annotations

from scripts.chaos_lib.weather import Weather


def test_it_is_clear_at_first() -> None:
    assert [Weather(2).clear_since(node) for node in (0, 1)] == [0.0, 0.0]


def test_one_node_is_clouded() -> None:
    weather = Weather(2)
    weather.cloud(1)
    assert [weather.clear_since(node) for node in (0, 1)] == [0.0, None]
    weather.clear(1, 5.0)
    assert [weather.clear_since(node) for node in (0, 1)] == [0.0, 5.0]


def test_clouds_may_overlap() -> None:
    weather = Weather(2)
    weather.cloud(None)
    weather.cloud(0)
    weather.clear(None, 3.0)
    assert [weather.clear_since(node) for node in (0, 1)] == [None, 3.0]
    weather.clear(0, 4.0)
    assert weather.clear_since(0) == 4.0

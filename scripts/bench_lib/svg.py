"""Line charts as SVG. Pure: knows numbers and words, nothing of what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from scripts.bench_lib.scale import Scale

# Pixels: a chart, the room for its labels, and that for its legend.
_WIDTH, _HEIGHT = 520, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 40, 48
_LINE = 16

# Distinct for people who do not see all colours, too (after Okabe and Ito).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart.

    Attributes:
        name: what the legend calls it.
        points: x and y, in the order in which they are joined; x is above 0.
    """

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its x axis is logarithmic, with a tick at each x; its y axis begins at 0."""

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]


def render(charts: Sequence[Chart]) -> str:
    """Return a document with charts side by side."""
    legend = max((len(chart.series) for chart in charts), default=0) * _LINE
    width, height = _WIDTH * len(charts), _HEIGHT + legend
    body = "".join(_chart(chart, index * _WIDTH) for index, chart in enumerate(charts))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n{body}</svg>\n'
    )


def _chart(chart: Chart, left: int) -> str:
    points = [point for series in chart.series for point in series.points]
    x_scale = Scale.of_values(x for x, _ in points)
    y_scale = Scale.linear(y for _, y in points)
    parts = [
        _text(_LEFT, 20, chart.title, "start", ' font-weight="bold"'),
        _axes(x_scale, y_scale),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, chart.x_label),
        _text(_LEFT, 34, chart.y_label, "start", ' fill="#555"'),
    ]
    for index, series in enumerate(chart.series):
        parts.append(_series(series, index, x_scale, y_scale))
    return f'<g transform="translate({left} 0)">\n{"".join(parts)}</g>\n'


def _axes(x_scale: Scale, y_scale: Scale) -> str:
    parts = []
    for tick in y_scale.ticks:
        y = _y(y_scale, tick)
        parts.append(_line(_LEFT, y, _WIDTH - _RIGHT, y, "#ddd"))
        parts.append(_text(_LEFT - 6, y + 4, _number(tick), "end"))
    bottom = _HEIGHT - _BOTTOM
    for tick in x_scale.ticks:
        x = _x(x_scale, tick)
        parts.append(_line(x, bottom, x, bottom + 4, "#555"))
        parts.append(_text(x, bottom + 18, _number(tick)))
    parts.append(_line(_LEFT, bottom, _WIDTH - _RIGHT, bottom, "#555"))
    return "".join(parts)


def _series(series: Series, index: int, x_scale: Scale, y_scale: Scale) -> str:
    colour = _COLOURS[index % len(_COLOURS)]
    # Beyond the colours the lines are told apart by their dashes.
    dashes = ' stroke-dasharray="5 3"' if index // len(_COLOURS) % 2 else ""
    places = [(_x(x_scale, x), _y(y_scale, y)) for x, y in series.points]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
    y = _HEIGHT + index * _LINE
    return (
        f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
        f'{dots}<rect x="{_LEFT}" y="{y - 4}" width="16" height="4" fill="{colour}"/>'
        f"{_text(_LEFT + 24, y + 2, series.name, 'start')}\n"
    )


def _x(scale: Scale, value: float) -> float:
    return _LEFT + scale.place(value) * (_WIDTH - _LEFT - _RIGHT)


def _y(scale: Scale, value: float) -> float:
    return _HEIGHT - _BOTTOM - scale.place(value) * (_HEIGHT - _TOP - _BOTTOM)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>\n'


def _text(x: float, y: float, text: str, anchor: str = "middle", more: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text {place}{more}>{escape(text)}</text>\n"


def _number(value: float) -> str:
    return f"{value:,.6g}" if value < 1e6 else f"{value:,.0f}"

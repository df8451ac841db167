"""Charts are documents that any viewer understands, with all points in them."""

from __future__ import annotations

from xml.etree import ElementTree

from scripts.bench_lib.svg import Chart, Series, render

SVG = "{http://www.w3.org/2000/svg}"


def test_every_point_and_word_is_there() -> None:
    chart = Chart("a < b", "nodes", "µs", [Series("one", [(2, 5), (4, 9)]), Series("&", [(2, 1)])])
    root = ElementTree.fromstring(render([chart, chart]))
    assert len(root.findall(f".//{SVG}circle")) == 6
    assert len(root.findall(f".//{SVG}polyline")) == 4
    texts = [element.text for element in root.iter(f"{SVG}text")]
    for word in ("a < b", "nodes", "µs", "one", "&"):
        assert texts.count(word) == 2


def test_points_stand_within_the_chart_and_higher_if_larger() -> None:
    root = ElementTree.fromstring(render([Chart("t", "x", "y", [Series("s", [(1, 2), (8, 6)])])]))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    first, second = (
        (float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in root.iter(f"{SVG}circle")
    )
    assert 0 < first[0] < second[0] < width
    assert 0 < second[1] < first[1] < height

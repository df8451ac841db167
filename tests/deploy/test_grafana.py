"""The dashboard: it shows every metric that a rule looks at, and none that does not exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.metrics import described, used
from tests.deploy.places import DASHBOARD
from tests.deploy.programs import passes
from tests.deploy.test_prometheus import rules


def panels() -> list[dict[str, Any]]:
    """Return the panels that show something."""
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def shown() -> set[str]:
    return {name for expression in expressions() for name in used(expression)}


def test_every_metric_that_a_rule_uses_has_a_panel() -> None:
    assert {name for rule in rules() for name in used(rule["expr"])} - shown() == set()


def test_it_shows_metrics_that_exist_and_counters_as_rates() -> None:
    assert shown() - {"up"} - set(described()) == set()
    for expression in expressions():
        if any(described().get(name) == "counter" for name in used(expression)):
            assert "rate(" in expression or "increase(" in expression, expression


def test_prometheus_takes_every_expression(tmp_path: Path) -> None:
    names = {"$__rate_interval": "5m", "$instance": ".*"}
    recorded = []
    for number, expression in enumerate(expressions()):
        for name, value in names.items():
            expression = expression.replace(name, value)
        assert "$" not in expression
        recorded.append({"record": f"panel:number{number}", "expr": expression})
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
    assert f"{len(recorded)} rules found" in passes("promtool", "check", "rules", file)


def test_panels_have_a_place_and_an_id_of_their_own_and_say_what_they_show() -> None:
    every = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    taken: set[tuple[int, int]] = set()
    for panel in every:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in panels():
        assert panel["description"], panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)

"""The alert rules: Prometheus takes them, each looks at metrics that exist, and each rings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.metrics import described, used
from tests.deploy.places import RULES
from tests.deploy.programs import passes, run


def rules() -> list[dict[str, Any]]:
    """Return all rules, in their order."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


NODE = '{instance="n", job="im-server"}'
BALANCER = '{instance="b", job="im-balancer"}'
FRONT = '{instance="f", job="im-front"}'
# What each alert is to ring for: series, and how they go on, a value a minute.
FAULTS: dict[str, dict[str, str]] = {
    "ImNodeDown": {f"up{NODE}": "0x120"},
    "ImNodeNotReady": {f"im_server_ready{NODE}": "0x120", f"im_server_draining{NODE}": "0x120"},
    "ImDrainHangs": {f"im_server_draining{NODE}": "1x120"},
    "ImDegraded": {f"im_server_degraded{NODE}": "1x120"},
    "ImStoreFailing": {f"im_server_failed_total{NODE}": "0+5x120"},
    "ImStoreSlow": {f"im_server_waiting{NODE}": "900x120"},
    "ImBusRefuses": {f"im_server_unpublished_total{NODE}": "0+5x120"},
    "ImGaps": {
        f"im_server_gaps_total{NODE}": "0+5x120",
        f"im_server_delivered_total{NODE}": "0+100x120",
        f"im_server_degraded{NODE}": "0x120",
    },
    "ImNodeNotListed": {f"im_server_ready{NODE}": "1x120", f"im_balancer_nodes{BALANCER}": "0x120"},
    "ImNoNode": {f"im_balancer_unanswered_total{BALANCER}": "0+1x120"},
    "ImRegistryStale": {f"im_balancer_snapshot_stale{BALANCER}": "1x120"},
    "ImNodesEjected": {f"im_balancer_ejected_nodes{BALANCER}": "1x120"},
    "ImBadRecords": {f"im_balancer_bad_records{BALANCER}": "1x120"},
    "ImNearlyFull": {
        f"im_server_channels{NODE}": "17000x120",
        f"im_server_max_connections{NODE}": "18000x120",
    },
    "ImTurnedAway": {
        'im_server_turned_away_total{instance="n", job="im-server", reason="full"}': "0+5x120"
    },
    "ImSlowClients": {f"im_server_slow_total{NODE}": "0+100x120"},
    "ImCloses": {
        'im_server_closes_total{instance="n", job="im-server", code="1006"}': "0+100x120",
        f"im_server_channels{NODE}": "1000x120",
    },
    "ImNginxOutOfStep": {f"im_nginx_in_step{FRONT}": "0x120"},
    "ImGatewayTurnsAway": {
        'im_gateway_refused_total{instance="f", job="im-front", reason="no_node"}': "0+1x120"
    },
    "ImUnexpectedErrors": {f"im_server_unexpected_total{NODE}": "0+1x120"},
}
# A cluster in which all is well, with the little losses of any day.
HEALTHY = {
    f"up{NODE}": "1x120",
    f"im_server_ready{NODE}": "1x120",
    f"im_server_draining{NODE}": "0x120",
    f"im_server_degraded{NODE}": "0x120",
    f"im_server_failed_total{NODE}": "3x120",
    f"im_server_waiting{NODE}": "20x120",
    f"im_server_unpublished_total{NODE}": "3x120",
    f"im_server_gaps_total{NODE}": "0+1x120",
    f"im_server_delivered_total{NODE}": "0+6000x120",
    f"im_server_channels{NODE}": "5000x120",
    f"im_server_max_connections{NODE}": "18000x120",
    'im_server_turned_away_total{instance="n", job="im-server", reason="full"}': "7x120",
    'im_server_turned_away_total{instance="n", job="im-server", reason="draining"}': "0+9x120",
    f"im_server_slow_total{NODE}": "0+1x120",
    'im_server_closes_total{instance="n", job="im-server", code="1006"}': "0+50x120",
    'im_server_closes_total{instance="n", job="im-server", code="1000"}': "0+2000x120",
    f"im_server_unexpected_total{NODE}": "1x120",
    f"im_server_receive_errors_total{NODE}": "0x120",
    f"im_server_bad_batches_total{NODE}": "2x120",
    f"im_server_bad_records_total{NODE}": "2x120",
    f"im_balancer_nodes{BALANCER}": "1x120",
    f"im_balancer_unanswered_total{BALANCER}": "5x120",
    f"im_balancer_snapshot_stale{BALANCER}": "0x120",
    f"im_balancer_ejected_nodes{BALANCER}": "0x120",
    f"im_balancer_bad_records{BALANCER}": "0x120",
    f"im_nginx_in_step{FRONT}": "1x120",
    f"im_nginx_snapshot_stale{FRONT}": "0x120",
    f"im_gateway_snapshot_stale{FRONT}": "0x120",
    'im_gateway_refused_total{instance="f", job="im-front", reason="no_node"}': "4x120",
    'im_gateway_refused_total{instance="f", job="im-front", reason="not_found"}': "0+3x120",
}


def case(series: dict[str, str], ringing: str) -> dict[str, Any]:
    """Return a test for promtool: after 90 minutes just this alert rings, or none of all."""
    names = [rule["alert"] for rule in rules()]
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{name}", alertstate="firing"}}) or vector(0)',
                "eval_time": "90m",
                "exp_samples": [{"labels": "{}", "value": int(name == ringing)}],
            }
            for name in names
        ],
    }


def promtool_agrees(folder: Path, test: dict[str, Any]) -> None:
    """Have promtool run a test of the rules."""
    file = folder / "test.yml"
    document = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}
    file.write_text(yaml.safe_dump(document))
    done = run("promtool", "test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_rules() -> None:
    assert f"{len(rules())} rules found" in passes("promtool", "check", "rules", RULES)


def test_promtool_refuses_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "rules.yml"
    wrong.write_text(RULES.read_text().replace("im_server_degraded == 1", "im_server_degraded =="))
    assert run("promtool", "check", "rules", wrong).returncode != 0


def test_each_rule_looks_at_metrics_that_exist() -> None:
    known = {*described(), "up"}
    for rule in rules():
        assert used(rule["expr"]), rule["alert"]
        assert used(rule["expr"]) <= known, rule["alert"]


def test_each_alert_says_what_is_the_matter_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "action"}
    page = (RULES.parents[2] / "docs" / "operations.md").read_text()
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_each_alert_rings_for_its_fault_and_for_nothing_else(
    rule: dict[str, Any], tmp_path: Path
) -> None:
    promtool_agrees(tmp_path, case(HEALTHY | FAULTS[rule["alert"]], rule["alert"]))


def test_no_alert_rings_when_all_is_well(tmp_path: Path) -> None:
    promtool_agrees(tmp_path, case(HEALTHY, "none"))

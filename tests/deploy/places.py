"""Where the files for operators are."""

from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"

RULES = DEPLOY / "prometheus" / "rules.yml"
DASHBOARD = DEPLOY / "grafana" / "im.json"

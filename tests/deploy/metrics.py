"""The metrics in an expression of Prometheus, and those that the docs describe."""

from __future__ import annotations

import re

from tests.deploy.places import DEPLOY

_METRIC = re.compile(r"\b(?:im_\w+|up\b)")
_ROW = re.compile(r"^\| `(\w+)(?:\{[\w,]+\})?` \| (\w+) \|", re.MULTILINE)
_OF_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")


def used(expression: str) -> set[str]:
    """Return the metrics that an expression looks at; of a histogram its name."""
    names = _METRIC.findall(re.sub(r'"[^"]*"', '""', expression))
    return {_OF_HISTOGRAM.sub("", name) for name in names}


def described() -> dict[str, str]:
    """Return the type of each metric in docs/metrics.md."""
    text = (DEPLOY.parent / "docs" / "metrics.md").read_text()
    return dict(_ROW.findall(text))

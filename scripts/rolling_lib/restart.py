"""One restart, and what became of the clients of its node. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Restart:
    """The restart of one node; moments in seconds after the begin.

    Attributes:
        node: its name.
        clients: how many clients it had when it was told to go.
        told: when that was.
        gone: when its process had ended.
        back: when its successor was in the registry; infinite if it never was.
        moved_to: where those clients were then, and how many where.
    """

    node: str
    clients: int
    told: float
    gone: float = float("inf")
    back: float = float("inf")
    moved_to: Mapping[str, int] = field(default_factory=dict)

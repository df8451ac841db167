"""What it takes to run one service from the distribution's packages. Starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Launch:
    """One process of a service."""

    command: list[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    """What is set on top of the caller's environment."""


@dataclass(frozen=True)
class Service:
    """One kind of service; the same for the machine's own and for a test's private one."""

    name: str
    """How commands, folders and compose.yaml call it."""

    title: str
    port_variable: str
    port: int
    packages: tuple[str, ...]
    """Debian's packages that provide it."""

    program: Callable[[], str | None]
    """The path of what shows that the packages are installed; None if they aren't."""

    prepare: Callable[[Path, int], list[Launch]]
    """Write the configuration into a folder and say what to launch, in this order."""

    version: Callable[[str, int], str | None]
    """Ask a port whether this service answers there."""

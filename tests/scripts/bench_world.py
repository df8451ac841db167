"""A small world for the tests of the benchmarks: a node in this process, and rows of results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from scripts.bench_lib.connection import Address
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.row import Row
from tests.scripts.chaos_world import embedded_node


@asynccontextmanager
async def embedded_address(**settings: Any) -> AsyncIterator[Address]:
    """Run a node in this process and memory, with these settings; give its host and port."""
    async with embedded_node(**settings) as url:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        yield parts.hostname, parts.port


def row(bench: str, case: str, *figures: dict[str, float], **axes: float | str) -> Row:
    """Return a row with one quiet outcome for each set of figures."""
    return Row(bench, case, axes, [Outcome(each) for each in figures])

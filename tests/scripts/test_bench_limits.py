"""Connections are shared out so that neither processes nor addresses run out."""

from __future__ import annotations

import resource
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from scripts.bench_lib.limits import connections_each, raise_limit, shares, sources


@given(st.integers(1, 100_000), st.integers(1, 30_000))
def test_shares_are_few_and_even(total: int, most: int) -> None:
    parts = shares(total, most)
    assert sum(parts) == total
    assert max(parts) <= most
    assert max(parts) - min(parts) <= 1
    assert len(parts) == -(-total // most)


def test_no_address_has_more_than_its_ports() -> None:
    together = [*sources(0, 20_000), *sources(20_000, 30_000)]
    assert together == list(sources(0, 50_000))
    counts = Counter(together)
    assert max(counts.values()) <= 28_000
    assert "127.0.0.1" not in counts
    # Beyond the last octet.
    assert next(sources(250 * 4_000, 1)) == "127.0.1.2"


def test_the_limit_is_as_high_as_it_can_be() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert raise_limit() == before[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert connections_each(1024) == 824
    assert connections_each(10) == 1

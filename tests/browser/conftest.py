"""What the tests of the page start from: a browser, and a cluster to look at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from balancer.service import BalancerService
from balancer.settings import BalancerSettings
from cluster.registry_memory import MemoryRegistry
from server.backends import MemoryWorld
from tests.browser.chromium import Chromium, ChromiumMissing
from tests.browser.embedded import EmbeddedCluster
from tests.scenarios.conftest import start_node  # noqa: F401 - a fixture
from tests.scripts.conftest import checkout  # noqa: F401 - a fixture

TOKEN = "the-operators-token-of-the-tests"


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Chromium]:
    """Give a browser of the test's own; without one the test fails and names the cure."""
    async with AsyncExitStack() as stack:
        try:
            browser = await stack.enter_async_context(Chromium(tmp_path / "chromium"))
        except ChromiumMissing as exc:
            pytest.fail(str(exc), pytrace=False)
        yield browser


@pytest.fixture
async def embedded(chromium: Chromium) -> AsyncIterator[EmbeddedCluster]:
    """Give two nodes and a balancer in memory, as `scripts/demo` has them."""
    world = MemoryWorld()
    settings = BalancerSettings(host="127.0.0.1", port=0, admin_token=TOKEN)
    balancer = BalancerService(settings, MemoryRegistry(world.nodes))
    cluster = EmbeddedCluster(world, f"http://127.0.0.1:{await balancer.start()}/")
    try:
        await balancer.joined()
        await cluster.start_node()
        await cluster.start_node()
        yield cluster
    finally:
        # A page that finds its node gone connects elsewhere. Python 3.11 forgets to close a
        # connection that is accepted just when its server closes (gh-109564), and warns of it.
        await chromium.quit()
        await cluster.stop()
        await balancer.stop()

"""axe-core finds nothing that keeps people from using the page, light and dark, wide and narrow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.axe import axe_source
from tests.browser.chromium import Chromium, Tab
from tests.browser.conftest import TOKEN
from tests.browser.embedded import EmbeddedCluster, name_of
from tests.browser.seen import enter, open_page, until_state, write

_RUN = """axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))"""


async def violations(tab: Tab) -> Any:
    """Return what axe-core finds."""
    return await tab.evaluate(_RUN)


async def page_with_axe(chromium: Chromium, url: str) -> Tab:
    """Open the page with axe-core in it; evaluated, as the page itself allows no other scripts."""
    source = axe_source()
    tab = await open_page(chromium, url)
    await tab.evaluate(source)
    return tab


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_axe_finds_nothing(
    chromium: Chromium, embedded: EmbeddedCluster, scheme: str, width: int
) -> None:
    tab = await page_with_axe(chromium, f"{embedded.url}#token={TOKEN}")
    await tab.look_like(width, 900, scheme)
    await tab.until("!document.getElementById('operator-forget').hidden")
    assert await violations(tab) == []
    await enter(tab, "alice")
    await write(tab, "alice", ["hello"])
    await tab.until("/acknowledged/.test(log.innerText)")
    assert await violations(tab) == []
    # A node that is gone, and a notice.
    going = embedded.nodes[0]
    await embedded.stop_node(going)
    await until_state(tab, name_of(going), "gone")
    await tab.evaluate("window.fetch = () => Promise.reject(new TypeError('away'))")
    await tab.until("document.querySelector('.notice') !== null")
    assert await violations(tab) == []


async def test_axe_finds_what_is_wrong(chromium: Chromium, embedded: EmbeddedCluster) -> None:
    tab = await page_with_axe(chromium, embedded.url)
    await tab.evaluate("document.querySelector('label[for=name]').remove()")
    assert "label" in [name for name, _ in await violations(tab)]

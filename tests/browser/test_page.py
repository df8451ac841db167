"""The page on an embedded cluster, as `scripts/demo` serves it."""

from __future__ import annotations

from tests.browser.chromium import Chromium
from tests.browser.conftest import TOKEN
from tests.browser.embedded import EmbeddedCluster, name_of
from tests.browser.seen import came, enter, open_page, place_of, states, until_state, write

# Seconds within which the picture follows: it asks once a second; the rest is for a busy machine.
FOLLOWS = 5.0


async def test_the_picture_follows_a_join_a_drain_and_a_leave(
    chromium: Chromium, embedded: EmbeddedCluster
) -> None:
    tab = await open_page(chromium, embedded.url)
    first, second = map(name_of, embedded.nodes)
    await tab.until("document.querySelectorAll('.node').length === 2")
    assert await states(tab) == {first: "up", second: "up"}
    third = await embedded.start_node()
    await until_state(tab, name_of(third), "up", FOLLOWS)
    third.drain.begin(60.0)
    await until_state(tab, name_of(third), "draining", FOLLOWS)
    await embedded.stop_node(third)
    await until_state(tab, name_of(third), "gone", FOLLOWS)
    told = await tab.evaluate("document.getElementById('events').textContent")
    for words in ("has joined", "drains", "has left"):
        assert f"{name_of(third)} {words}" in told
    # What is gone is shown for a while, not for ever.
    await until_state(tab, name_of(third), None, within=40)
    assert tab.errors == []


async def test_two_tabs_talk_and_see_the_way_of_each_message(
    chromium: Chromium, embedded: EmbeddedCluster
) -> None:
    alice = await open_page(chromium, f"{embedded.url}#token={TOKEN}")
    bob = await open_page(chromium, embedded.url)
    here, there = await enter(alice, "alice"), await enter(bob, "bob")
    assert here != there
    # With the token it is known on which node bob is.
    await alice.until("/bob/.test(document.getElementById('nodes').innerText)")
    await alice.until(r"/(50\s% of clients[^]*){2}/.test(nodes.innerText)")
    await write(alice, "bob", ["hello <b>bob</b>"])
    await bob.until("document.querySelector('#messages > li') !== null")
    assert await came(bob) == ["hello <b>bob</b>"]
    way = await alice.until(
        "/acknowledged/.test(log.innerText) && document.querySelector('.way').innerText"
    )
    steps = [line.split(" ")[0] for line in way.splitlines()]
    assert steps == ["written", "stored:", "fanout", "acknowledged"]
    assert f"written to {here}" in way
    assert "s inbox, place 1" in way
    assert f"fanout to {there}" in way
    way = await bob.evaluate("document.querySelector('.way').innerText")
    assert f"taken from alice by {here}" in way
    assert f"fanout to {there}" in way
    assert alice.errors == bob.errors == []


async def test_a_message_to_somebody_who_is_away_waits(
    chromium: Chromium, embedded: EmbeddedCluster
) -> None:
    tab = await open_page(chromium, embedded.url)
    await enter(tab, "alice")
    await write(tab, "nobody", ["are you there?"])
    await tab.until("/waits in the inbox until nobody comes/.test(log.innerText)")
    late = await open_page(chromium, embedded.url)
    await enter(late, "nobody")
    await late.until("/are you there/.test(log.innerText)")
    # What has come does not come again after a reload.
    await late.reload()
    await late.until("document.getElementById('talk').hidden && !!document.querySelector('.node')")
    await enter(late, "nobody")
    await write(tab, "nobody", ["and now?"])
    await late.until("/and now/.test(log.innerText)")
    assert await came(late) == ["and now?"]


async def test_without_the_token_no_name_and_no_button_is_shown(
    chromium: Chromium, embedded: EmbeddedCluster
) -> None:
    tab = await open_page(chromium, embedded.url)
    await enter(tab, "alice")
    await tab.until("/1 user/.test(document.getElementById('nodes').innerText)")
    assert "alice" not in await tab.evaluate("document.querySelector('.people').innerText")
    assert await tab.evaluate("[...document.querySelectorAll('.node button')].every(b => b.hidden)")
    await tab.fill("operator-token", "not the token, but long enough")
    await tab.press("Enter")
    await tab.until("/not the operator/.test(document.getElementById('operator').innerText)")
    await tab.fill("operator-token", TOKEN)
    await tab.press("Enter")
    await tab.until("/alice/.test(document.getElementById('nodes').innerText)")
    await tab.click("operator-forget")
    await tab.until("!document.getElementById('operator-entry').hidden")


async def test_the_token_leaves_the_address_and_stays_in_the_tab(
    chromium: Chromium, embedded: EmbeddedCluster
) -> None:
    tab = await open_page(chromium, f"{embedded.url}#token={TOKEN}")
    await tab.until("!document.getElementById('operator-forget').hidden")
    assert await tab.evaluate("location.href") == embedded.url
    await tab.reload()
    await tab.until("!document.getElementById('operator-forget').hidden")
    other = await open_page(chromium, embedded.url)
    await other.until("!document.getElementById('operator-entry').hidden")


async def test_a_tab_moves_elsewhere_and_a_drain_moves_it_back(
    chromium: Chromium, embedded: EmbeddedCluster
) -> None:
    tab = await open_page(chromium, f"{embedded.url}#token={TOKEN}")
    before = await enter(tab, "alice")
    await tab.click("move")
    await tab.until(f"!document.getElementById('you').textContent.includes('{before}')")
    after = await place_of(tab)
    assert after != before
    node = next(node for node in embedded.nodes if name_of(node) == after)
    button = (
        f"[...document.querySelectorAll('.node button')].find(b => /{after}/.test(b.textContent))"
    )
    # The first press asks back, the second one drains.
    await tab.until(f"!{button}.hidden")
    await tab.evaluate(f"{button}.click()")
    assert "Press again" in await tab.evaluate(f"{button}.textContent")
    assert not node.drain.begun
    await tab.evaluate(f"{button}.click()")
    await until_state(tab, after, "draining")
    await tab.until(f"document.getElementById('you').textContent.includes('{before}')")
    assert tab.errors == []


async def test_why_a_node_does_not_drain_stays_to_be_read(
    chromium: Chromium, embedded: EmbeddedCluster
) -> None:
    tab = await open_page(chromium, f"{embedded.url}#token={TOKEN}")
    await tab.evaluate(
        """window.fetched = 0;
        window.really = window.fetch;
        window.fetch = (url, options) => {
            window.fetched += 1;
            if (options.method === "GET") return window.really(url, options);
            const body = JSON.stringify({ error: "cannot_drain", reason: "it is starting" });
            return Promise.resolve(new Response(body, { status: 502 }));
        };"""
    )
    button = "document.querySelector('.node button')"
    await tab.until(f"!{button}.hidden")
    for _ in range(2):
        await tab.evaluate(f"{button}.click()")
    told = "document.getElementById('operator-says').textContent"
    await tab.until(f"/could not be drained: it is starting/.test({told})")
    # The page has looked again and drawn all anew since.
    seen = await tab.evaluate("window.fetched")
    await tab.until(f"window.fetched > {seen} + 2")
    assert "could not be drained: it is starting" in await tab.evaluate(told)


async def test_the_balancer_away_leaves_the_last_picture(
    chromium: Chromium, embedded: EmbeddedCluster
) -> None:
    tab = await open_page(chromium, embedded.url)
    await enter(tab, "alice")
    before = await states(tab)
    await tab.evaluate("window.fetch = () => Promise.reject(new TypeError('away'))")
    await tab.until("/balancer does not answer: this is the last/.test(notices.textContent)", 5.0)
    assert await states(tab) == before
    await write(tab, "alice", ["to myself"])
    await tab.until("/to myself/.test(log.innerText)")


async def test_all_of_it_can_be_done_by_keyboard(
    chromium: Chromium, embedded: EmbeddedCluster
) -> None:
    tab = await open_page(chromium, f"{embedded.url}#token={TOKEN}")
    await tab.until("!document.getElementById('operator-forget').hidden")
    reached = []
    for _ in range(20):
        await tab.press("Tab")
        reached.append(
            await tab.evaluate("document.activeElement.id || document.activeElement.innerText")
        )
        # Whoever has the focus shows it.
        assert await tab.evaluate(
            "document.activeElement === document.body"
            " || getComputedStyle(document.activeElement).outlineStyle !== 'none'"
        )
        if reached[-1] == "name":
            break
    drains = [f"Drain {name_of(node)}" for node in embedded.nodes]
    assert reached == ["Skip to the chat", *drains, "operator-forget", "name"]
    await tab.call("Input.insertText", text="alice")
    await tab.press("Enter")
    await tab.until("document.activeElement.id === 'to'")
    await tab.press("Tab")
    await tab.call("Input.insertText", text="typed")
    await tab.press("Tab", shift=True)
    await tab.call("Input.insertText", text="alice")
    await tab.press("Enter")
    await tab.until("/alice to you: typed/.test(log.innerText)")


async def test_it_fits_a_phone(chromium: Chromium, embedded: EmbeddedCluster) -> None:
    tab = await open_page(chromium, f"{embedded.url}#token={TOKEN}")
    await tab.look_like(360, 740)
    await enter(tab, "a-name-that-is-rather-long-for-a-phone")
    await write(tab, "a-name-that-is-rather-long-for-a-phone", ["x" * 200])
    await tab.until("/xxx/.test(log.innerText)")
    assert await tab.evaluate("document.documentElement.scrollWidth") <= 360

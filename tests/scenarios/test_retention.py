"""More messages than an inbox keeps: the client gets what is left, and is told plainly."""

from tests.scenarios.conftest import StartNode
from tests.scenarios.stalled import StalledClient
from tests.scenarios.watching import is_online, shelves_in
from tests.scenarios.wire_client import WireClient, on_wire
from tests.services import eventually

KEPT = 100
SENT = 1500


async def deliver_many(sender: WireClient, to: str, numbers: range, body: str = "") -> None:
    """Send numbered messages and wait until the last one is stored."""
    for number in numbers:
        await sender.send(f"s-{number}", to, [number, body])
    await sender.answered(f"s-{numbers[-1]}")


async def test_a_client_returns_after_more_than_is_kept(
    start_node: StartNode, redis_url: str, cluster_name: str
) -> None:
    node = await start_node("--inbox-max", str(KEPT))
    async with on_wire(node.url, "alice") as alice:
        async with on_wire(node.url, "bob") as bob:
            await alice.deliver("s-1", "bob")
            await bob.wait_for(lambda frame: frame.get("offset") == 1 and "from" in frame)
            position = {"epoch": bob.frames[0]["epoch"], "offset": 1}
        await deliver_many(alice, "bob", range(2, SENT + 1))
        async with on_wire(node.url, "bob", **position) as bob:
            await bob.wait_for(lambda frame: frame.get("offset") == SENT and "from" in frame)
            [connected] = bob.of("connected")
            assert connected["recovered"] is False
            assert connected["epoch"] == position["epoch"]
            # All that is kept comes, and it is not less than was asked for.
            assert bob.offsets == list(range(connected["offset"] + 1, SENT + 1))
            assert len(bob.offsets) >= KEPT
            async with shelves_in(redis_url, cluster_name) as shelves:
                assert await shelves.inbox_length("bob") == len(bob.offsets) < SENT // 2
            # From now on nothing is missing.
            await alice.deliver(f"s-{SENT + 1}", "bob")
            await bob.wait_for(lambda frame: frame.get("offset") == SENT + 1 and "from" in frame)
        async with on_wire(node.url, "bob", epoch=position["epoch"], offset=SENT + 1) as bob:
            assert bob.frames[0]["recovered"] is True


async def test_a_client_that_reads_on_too_late_is_welcomed_again(start_node: StartNode) -> None:
    """It never lost its channel, but the message that it would get next is gone."""
    node = await start_node(
        *("--inbox-max", str(KEPT), "--max-buffer-bytes", "4096", "--slow-timeout", "60"),
    )
    bob = StalledClient(node.url, "bob")
    try:
        await bob.connect()
        async with on_wire(node.url, "alice") as alice:
            await deliver_many(alice, "bob", range(1, SENT + 1), "x" * 1024)
            assert await is_online(node, "bob")
            frames = await bob.read_until(lambda frame: frame.get("offset") == SENT)
    finally:
        bob.close()
    # It may have caught up for a moment in between, and fallen behind again.
    welcomes, last = 0, 0
    for frame in frames:
        if frame["type"] == "connected":
            welcomes += 1
            assert frame["recovered"] is False
            assert frame["offset"] > last
        else:
            assert frame["offset"] == last + 1
        last = frame["offset"]
    assert welcomes
    assert last == SENT
    assert len(frames) - welcomes < SENT


async def test_messages_go_when_they_are_too_old(start_node: StartNode) -> None:
    node = await start_node("--inbox-age", "5")
    async with on_wire(node.url, "alice") as alice:
        async with on_wire(node.url, "bob"):
            pass
        await alice.deliver("s-1", "bob", "old")
        await alice.deliver("s-2", "bob", "old")

        async def are_gone() -> bool:
            # Who has the first lacks the second alone, which is a little younger.
            async with on_wire(node.url, "bob", offset=1) as bob:
                return bob.frames[0]["recovered"] is False

        await eventually(are_gone, within=20)
        await alice.deliver("s-3", "bob", "new")
        async with on_wire(node.url, "bob") as bob:
            _, frame = await bob.wait_for(lambda frame: frame["type"] == "message")
            assert (frame["offset"], frame["body"]) == (3, "new")

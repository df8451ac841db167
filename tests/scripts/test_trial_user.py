"""A user goes on where it had stopped, whatever has become of its client."""

from __future__ import annotations

from client_sdk import Event, Message, connect
from scripts.trial_lib.user import Route, User
from tests.scripts.chaos_world import embedded_node
from tests.services import eventually


async def test_a_user_resumes_where_it_had_stopped() -> None:
    got: list[object] = []
    noticed: list[str] = []

    def received(name: str, message: Message) -> None:
        got.append((name, message.body))

    def notice(_user: User, event: Event) -> None:
        noticed.append(event.what)

    async with embedded_node() as url, connect(url, user="alice") as alice:
        bob = User("bob", Route(url, "round_robin"), received=received, noticed=notice)
        await bob.arrive()
        assert bob.connected
        assert bob.node_id == alice.node
        await alice.send("bob", 1)
        await eventually(lambda: got == [("bob", 1)])
        await bob.leave()
        await bob.leave()
        assert bob.client is None
        await alice.send("bob", 2)
        await bob.arrive()
        await eventually(lambda: got == [("bob", 1), ("bob", 2)])
        await bob.leave()
        assert bob.ended == 0
        assert noticed.count("connected") == 2

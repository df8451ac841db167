"""Events compare and print as plain data."""

from client_sdk.events import Event, Happening


def test_an_event_says_what_it_carries() -> None:
    event = Event(Happening.DISCONNECTED, "ws://a/ws", code="4000", reason="stopping")
    assert event == Event(Happening.DISCONNECTED, "ws://a/ws", "", "4000", "stopping")
    assert event.what == "disconnected"

"""Who asked to be left alone is, for that long and a little longer."""

from hypothesis import given
from hypothesis import strategies as st

from client_sdk.rests import Rests


class Clock:
    """Monotonic time that passes when told to."""

    def __init__(self) -> None:
        # Seconds.
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_a_node_rests_for_the_time_it_asked_for() -> None:
    clock = Clock()
    rests = Rests(clock, lambda low, high: low)
    rests.begin("ws://a", 5.0)
    assert (rests.left("ws://a"), rests.left("ws://b")) == (5.0, 0.0)
    clock.now += 4.5
    assert rests.left("ws://a") == 0.5
    clock.now += 0.5
    assert rests.left("ws://a") == 0.0
    clock.now -= 0.5
    assert rests.left("ws://a") == 0.0, "what is over is forgotten"


def test_the_last_word_counts() -> None:
    rests = Rests(Clock(), lambda low, high: low)
    rests.begin("ws://a", 60.0)
    rests.begin("ws://a", 2.0)
    assert rests.left("ws://a") == 2.0


@given(st.floats(0, 600), st.floats(0, 1))
def test_never_shorter_and_at_most_a_quarter_longer(seconds: float, draw: float) -> None:
    rests = Rests(Clock(), lambda low, high: low + (high - low) * draw)
    rests.begin("ws://a", seconds)
    assert seconds - 1e-6 <= rests.left("ws://a") <= seconds * 1.25 + 1e-6

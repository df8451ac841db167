"""The wheel: who is silent is asked, who stays silent is given up, in time and never early."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from server.keepalive import KeepAlive

HEARTBEAT, GRACE = 25.0, 10.0


@dataclass(eq=False)
class Member:
    """Somebody to be looked after."""

    heard: float


def test_a_silent_member_is_asked_once_and_then_given_up() -> None:
    wheel, member = KeepAlive[Member](HEARTBEAT, GRACE), Member(0.5)
    wheel.add(member)
    seen = {now: wheel.due(float(now)) for now in range(1, 60)}
    asked = [now for now, (ask, _) in seen.items() if ask]
    given_up = [now for now, (_, dead) in seen.items() if dead]
    assert asked == [26]
    assert given_up == [37]


def test_a_member_that_answers_stays() -> None:
    wheel, member = KeepAlive[Member](HEARTBEAT, GRACE), Member(0.0)
    wheel.add(member)
    for now in range(1, 500):
        ask, dead = wheel.due(float(now))
        assert not dead
        if ask:
            member.heard = now + 3.0


def test_a_discarded_member_is_forgotten() -> None:
    wheel, member = KeepAlive[Member](HEARTBEAT, GRACE), Member(0.0)
    wheel.add(member)
    wheel.discard(member)
    wheel.discard(Member(0.0))
    assert all(wheel.due(float(now)) == ([], []) for now in range(100))


def test_rounds_that_were_missed_are_made_up_for() -> None:
    wheel, members = KeepAlive[Member](HEARTBEAT, GRACE), [Member(float(n)) for n in range(5)]
    for member in members:
        wheel.add(member)
    assert wheel.due(1000.0) == (members, [])
    assert wheel.due(2000.0) == ([], members)


@given(
    st.lists(st.floats(0.0, 200.0), max_size=30),
    st.floats(0.3, 40.0),
    st.floats(1.0, 30.0),
    st.floats(1.0, 30.0),
)
def test_nobody_is_given_up_early_and_nobody_is_missed(
    signs: list[float], step: float, heartbeat: float, grace: float
) -> None:
    """However the rounds fall: given up means silent since the ping, for at least the grace."""
    wheel, member = KeepAlive[Member](heartbeat, grace), Member(0.0)
    wheel.add(member)
    ahead, now, pinged = sorted(signs), 0.0, None
    while now < 400.0:
        now += step
        while ahead and ahead[0] <= now:
            member.heard = ahead.pop(0)
        ask, dead = wheel.due(now)
        if ask:
            assert now - member.heard >= heartbeat
            pinged = now
        if dead:
            assert pinged is not None
            assert member.heard < pinged <= now - grace
            return
    assert member.heard > 400.0 - 2 * (heartbeat + grace + 2 * (step + 1.0))

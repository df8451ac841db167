"""What follows from the limits."""

from server.inbox_limits import InboxLimits


def test_forgetting_leaves_room_for_a_quarter_of_new_sessions() -> None:
    assert InboxLimits(sessions=8).kept_sessions == 6


def test_at_least_one_session_is_kept_however_small_the_limit() -> None:
    assert InboxLimits(sessions=1).kept_sessions == 1

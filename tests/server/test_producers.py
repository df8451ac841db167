"""Which sessions are remembered, and which are forgotten first."""

from server.inbox_limits import InboxLimits
from server.producers import Produced, Producers, producer_key


def test_two_users_whose_names_hold_slashes_never_share_a_key() -> None:
    assert producer_key("a/b", "c") != producer_key("a", "b.c")
    assert producer_key("a/b", "c").rpartition("/") == ("a/b", "/", "c")


def test_the_last_message_of_a_session_is_remembered() -> None:
    producers = Producers(InboxLimits())
    producers.note("alice/s", Produced(1, 10, 0.0))
    producers.note("alice/s", Produced(2, 11, 1.0))
    assert producers.last("alice/s") == Produced(2, 11, 1.0)
    assert producers.last("alice/t") is None


def test_too_many_sessions_are_cut_to_the_youngest() -> None:
    producers = Producers(InboxLimits(sessions=4))
    for number, key in enumerate(["a/1", "a/2", "a/3", "a/4", "a/1", "a/5"]):
        producers.note(key, Produced(number, number, 0.0))
    assert [producers.last(f"a/{n}") is not None for n in (1, 2, 3, 4, 5)] == [
        True,
        False,
        False,
        True,
        True,
    ]


def test_a_session_is_forgotten_only_after_its_age() -> None:
    producers = Producers(InboxLimits(session_age=600))
    producers.note("a/old", Produced(1, 1, 0.0))
    producers.note("a/new", Produced(1, 2, 600.0))
    assert producers.last("a/old") is not None
    producers.note("a/new", Produced(2, 3, 600.5))
    assert producers.last("a/old") is None
    assert len(producers) == 1

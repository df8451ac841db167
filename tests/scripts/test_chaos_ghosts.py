"""Ghosts are seen, their age begins with the death or the good weather, and the old are watched."""

from __future__ import annotations

from scripts.chaos_lib.ghosts import Ghost, Ghosts


def test_a_channel_on_a_dead_incarnation_is_a_ghost() -> None:
    ghosts = Ghosts(10.0)
    ghosts.died("n1", ["bob"], 20.0)
    assert not ghosts.answer("bob", {"c2": "n2"}, 0, 21.0, 0.0)
    assert ghosts.longest.age == 0.0
    assert ghosts.answer("bob", {"c1": "n1", "c2": "n2"}, 0, 23.0, 0.0)
    assert ghosts.longest == Ghost(3.0, "bob", "a channel on the dead incarnation n1", 1, 23.0)


def test_a_user_who_has_left_is_a_ghost_while_online() -> None:
    ghosts = Ghosts(10.0)
    ghosts.left("bob", 20.0)
    assert not ghosts.answer("bob", {}, 1, 24.0, 0.0)
    assert ghosts.answer("bob", {"c2": "n2"}, 1, 24.0, 0.0)
    assert (ghosts.longest.age, ghosts.longest.node) == (4.0, 2)
    ghosts.returned("bob")
    assert not ghosts.answer("bob", {"c2": "n2"}, 1, 30.0, 0.0)


def test_the_clock_begins_with_good_weather() -> None:
    ghosts = Ghosts(10.0)
    ghosts.left("bob", 20.0)
    ghosts.answer("bob", {"c2": "n2"}, 0, 30.0, 28.0)
    assert ghosts.longest.age == 2.0


def test_an_answer_to_an_earlier_question_is_no_ghost() -> None:
    ghosts = Ghosts(10.0)
    ghosts.left("bob", 20.0)
    ghosts.answer("bob", {"c2": "n2"}, 0, 19.9, 0.0)
    assert ghosts.longest == Ghost()


def test_the_longest_counts() -> None:
    ghosts = Ghosts(10.0)
    ghosts.died("n1", [], 0.0)
    for asked in (3.0, 5.0, 4.0):
        ghosts.answer("bob", {"c1": "n1"}, 0, asked, 0.0)
    assert ghosts.longest.age == 5.0
    assert ghosts.answers == 3


def test_those_concerned_are_watched_until_all_is_well() -> None:
    ghosts = Ghosts(10.0)
    ghosts.died("n1", ["bob", "carol"], 20.0)
    ghosts.left("dave", 20.0)
    assert ghosts.suspects() == ["bob", "carol", "dave"]
    ghosts.answer("bob", {"c1": "n1"}, 0, 29.0, 0.0)
    for asked in (29.5, 30.5):
        for user in ("bob", "carol"):
            ghosts.answer(user, {}, 0, asked, 0.0)
    assert ghosts.suspects() == ["bob", "dave"]
    ghosts.returned("dave")
    ghosts.answer("bob", {}, 0, 39.5, 0.0)
    assert ghosts.suspects() == []

"""The judgement of a load finds what it is there to find."""

import pytest

from tests.scenarios.load import Arrival, Flow, Load, Verdict, percentile


def flow(confirmed: int, *arrived: int) -> Flow:
    """Return a flow of which so many were confirmed, and these numbers arrived."""
    made = Flow("f")
    made.confirmed = set(range(confirmed))
    made.arrivals = [Arrival(number, float(number), number + 0.5) for number in arrived]
    return made


@pytest.mark.parametrize(
    ("arrived", "verdict"),
    [
        ((0, 1, 2, 3), Verdict()),
        ((0, 1, 3), Verdict(lost=1)),
        ((0, 1, 1, 2, 3), Verdict(doubled=1)),
        ((0, 2, 1, 3), Verdict(out_of_order=1)),
        ((0, 1, 2, 3, 4), Verdict()),  # stored, and the confirmation still to come
    ],
)
async def test_what_is_wrong_is_counted(arrived: tuple[int, ...], verdict: Verdict) -> None:
    assert flow(4, *arrived).judge() == verdict
    load = Load([flow(4, 0, 1, 2, 3), flow(4, *arrived)], rate=1.0)
    assert load.judge() == verdict


async def test_what_came_before_a_number_does_not_count() -> None:
    assert flow(4, 1, 2, 3).judge(first=1) == Verdict()
    assert flow(4, 0, 2).judge(first=2) == Verdict(lost=1)


async def test_latencies_are_those_of_a_span() -> None:
    load = Load([flow(4, 0, 1, 2, 3)], rate=1.0)
    assert load.latencies((1.0, 3.0)) == [0.5, 0.5]
    assert load.p99((0.0, 9.0)) == 0.5


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([1.0], 0.99) == 1.0
    assert percentile([float(n) for n in range(100)], 0.99) == 99.0
    with pytest.raises(AssertionError, match="nothing was measured"):
        percentile([], 0.99)

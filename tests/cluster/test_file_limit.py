"""The limit of open files: raised where the system lets us, with some kept back."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.file_limit import (
    room_for_connections,
    room_for_sockets,
    room_within,
    sockets_within,
)


@pytest.mark.parametrize(("limit", "room"), [(1024, 922), (20_000, 18_000), (150, 50), (40, 1)])
def test_a_tenth_or_a_hundred_are_kept_back(limit: int, room: int) -> None:
    assert room_within(limit) == room


@pytest.mark.parametrize(("limit", "room"), [(1024, 973), (20_000, 19_000), (150, 100), (40, 1)])
def test_handshakes_may_have_half_of_what_is_kept_back(limit: int, room: int) -> None:
    assert sockets_within(limit) == room


@given(st.integers(1, 2**31))
def test_there_is_always_room_for_one_and_never_for_more_than_the_limit(limit: int) -> None:
    assert 1 <= room_within(limit) <= sockets_within(limit) <= limit


def test_the_room_is_that_of_this_process() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    expected = None if soft == resource.RLIM_INFINITY else room_within(soft)
    assert room_for_connections() == expected
    expected = None if soft == resource.RLIM_INFINITY else sockets_within(soft)
    assert room_for_sockets() == expected


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    """In a process of its own, which may set limits without an effect on others."""
    program = (
        "import resource as r\n"
        "from cluster.file_limit import raise_file_limit\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (256, 512))\n"
        "for _ in range(2):\n"
        "    raise_file_limit()\n"
        "    print(r.getrlimit(r.RLIMIT_NOFILE))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().split("\n") == ["(512, 512)", "(512, 512)", ""]

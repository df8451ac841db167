"""Waiting ends with the event or with the time, whichever is first."""

import asyncio

import pytest

from client_sdk.waiting import wait_for


@pytest.mark.parametrize("longest", [None, 60.0])
async def test_ends_with_the_event(longest: float | None) -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    await wait_for(event, longest)
    assert event.is_set()


@pytest.mark.parametrize("longest", [0.0, 0.01])
async def test_ends_with_the_time(longest: float) -> None:
    event = asyncio.Event()
    await wait_for(event, longest)
    assert not event.is_set()

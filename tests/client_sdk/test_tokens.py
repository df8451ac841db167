"""Tokens: fetched when needed, fetched again when expired, but not for ever."""

import pytest

from client_sdk.faults import Unreachable
from client_sdk.tokens import Tokens


async def test_none_and_text() -> None:
    assert await Tokens(None).get() is None
    assert await Tokens("t").get() == "t"
    assert Tokens("t").expired() is False


async def test_a_function_is_asked_once_until_expiry() -> None:
    given = iter("abc")
    tokens = Tokens(lambda: next(given))
    assert [await tokens.get(), await tokens.get()] == ["a", "a"]
    tokens.accepted()
    assert tokens.expired() is True
    assert await tokens.get() == "b"


async def test_a_coroutine_function_too() -> None:
    async def fetch() -> str:
        return "t"

    assert await Tokens(fetch).get() == "t"


async def test_a_new_token_that_has_expired_already_ends_it() -> None:
    tokens = Tokens(lambda: "old")
    assert tokens.expired() is True
    await tokens.get()
    assert tokens.expired() is False
    tokens.accepted()
    assert tokens.expired() is True


async def test_a_function_that_fails_is_translated() -> None:
    def fail() -> str:
        raise ValueError("no such key")

    with pytest.raises(Unreachable, match="no token: ValueError: no such key"):
        await Tokens(fail).get()


async def test_a_function_that_returns_something_else_is_translated() -> None:
    with pytest.raises(Unreachable, match="expected a str, not int"):
        await Tokens(lambda: 7).get()  # type: ignore[arg-type, return-value]

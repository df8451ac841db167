"""Tokens: where the client gets the proof of its user from."""

import inspect
from collections.abc import Awaitable, Callable

from client_sdk.faults import Unreachable

Token = str | Callable[[], str | Awaitable[str]] | None


class Tokens:
    """The current token, and the means to get a new one."""

    def __init__(self, token: Token) -> None:
        self._source = token
        # The token in use; None if there is none or it has to be fetched.
        self._current = token if isinstance(token, str) else None
        # Whether the token in use was fetched after the last one had expired.
        self._fresh = False

    async def get(self) -> str | None:
        """Return the token, fetched if need be; None if the application gave none.

        Raises:
            Unreachable: the application's function failed.
        """
        if self._current is None and callable(self._source):
            self._current = await self._fetch(self._source)
        return self._current

    async def _fetch(self, source: Callable[[], str | Awaitable[str]]) -> str:
        try:
            result = source()
            token = await result if inspect.isawaitable(result) else result
        except Exception as exc:
            raise Unreachable(f"no token: {type(exc).__name__}: {exc}") from exc
        if not isinstance(token, str):
            raise Unreachable(f"no token: expected a str, not {type(token).__name__}")
        return token

    def expired(self) -> bool:
        """Give up the current token; False if a new one can't be had or expired just as fast."""
        if not callable(self._source) or self._fresh:
            return False
        self._current = None
        self._fresh = True
        return True

    def accepted(self) -> None:
        """Note that the node accepted the token."""
        self._fresh = False

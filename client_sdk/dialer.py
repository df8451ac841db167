"""The dialer: one round over the candidates, until one of them opens a channel."""

import logging
from collections.abc import Callable

from client_sdk.channel import Channel, open_channel
from client_sdk.errors import Disconnected
from client_sdk.faults import ChannelLost, Unreachable
from client_sdk.inflow import Position
from client_sdk.resolver import Resolver
from client_sdk.rests import Rests
from client_sdk.settings import Settings
from client_sdk.tokens import Tokens
from cluster.codes import CloseCode, may_reconnect
from cluster.errors import Unavailable
from cluster.frames import Connect

log = logging.getLogger(__name__)


class RoundFailed(Unavailable):
    """No candidate opened a channel.

    Attributes:
        tried: a line for each, with what happened there.
        retry_after: seconds after which the first of them asked to be tried again; None if there
            is one that named no time, and may be tried earlier.
    """

    def __init__(self, tried: list[str], retry_after: float | None) -> None:
        self.tried = tried
        self.retry_after = retry_after
        super().__init__("; ".join(tried))


class _Round:
    """What is said to the nodes in one round, and what has happened in it."""

    def __init__(self, moved: bool) -> None:
        # Whether the client has moved lately.
        self.moved = moved
        # A line for each failure.
        self.tried: list[str] = []
        # The time that each asked for, as far as they named one.
        self.waits: list[float] = []

    def note(self, where: str, fault: Unreachable | ChannelLost) -> None:
        """Remember a failure."""
        self.tried.append(f"{where}: {fault}" if where else str(fault))
        if isinstance(fault, Unreachable) and fault.retry_after is not None:
            self.waits.append(fault.retry_after)

    def failed(self) -> RoundFailed:
        """Return the error for the whole round."""
        all_wait = len(self.waits) == len(self.tried)
        return RoundFailed(self.tried, min(self.waits, default=None) if all_wait else None)


class Dialer:
    """Opens channels for one client."""

    def __init__(
        self,
        resolver: Resolver,
        tokens: Tokens,
        settings: Settings,
        position: Callable[[], Position],
    ) -> None:
        """Dial the nodes that `resolver` finds, to resume at what `position` returns by then."""
        self._resolver = resolver
        self._tokens = tokens
        self._settings = settings
        self._position = position
        self._rests = Rests()

    async def round(
        self, *, prefer: str | None = None, avoid: str | None = None, moved: bool = False
    ) -> Channel:
        """Try each candidate once and return the first channel that opens.

        Args:
            prefer: the url to try before all others; None for none.
            avoid: a url to leave out; None for none.
            moved: whether to tell the nodes that the client has moved lately.

        Raises:
            RoundFailed: none did; a later round may succeed.
            Disconnected: a node refused this client for good.
        """
        past = _Round(moved)
        try:
            await self._tokens.get()
        except Unreachable as exc:
            past.note("", exc)
            raise past.failed() from exc
        if prefer is not None and (channel := await self._try(prefer, past)) is not None:
            return channel
        try:
            candidates = await self._resolver.candidates(self._settings.attempt_timeout)
        except Unreachable as exc:
            past.note("", exc)
            raise past.failed() from exc
        for candidate in candidates:
            if candidate.url in (prefer, avoid):
                continue
            if (channel := await self._try(candidate.url, past)) is not None:
                return channel
        raise past.failed()

    async def _try(self, url: str, past: _Round) -> Channel | None:
        if left := self._rests.left(url):
            past.note(url, Unreachable("it asked to be left alone for now", left))
            return None
        try:
            channel = await self._open(url, past.moved)
        except (Unreachable, ChannelLost) as exc:
            log.debug("%s: %s", url, exc)
            past.note(url, exc)
            self._resolver.failed(url)
            if isinstance(exc, Unreachable) and exc.retry_after is not None:
                self._rests.begin(url, exc.retry_after)
            return None
        self._resolver.succeeded(url)
        self._tokens.accepted()
        return channel

    async def _open(self, url: str, moved: bool) -> Channel:
        """Open a channel, a second time with a new token if the first one had expired."""
        try:
            return await self._open_once(url, moved)
        except ChannelLost as exc:
            self.check(exc)
            if exc.code != CloseCode.TOKEN_EXPIRED:
                raise
        try:
            return await self._open_once(url, moved)
        except ChannelLost as exc:
            self.check(exc)
            raise

    async def _open_once(self, url: str, moved: bool) -> Channel:
        settings = self._settings
        token = await self._tokens.get()
        position = self._position()
        asked = Connect(
            user=settings.user,
            token=token,
            device=settings.device,
            epoch=position.epoch,
            offset=position.offset,
            moved=moved,
        )
        timeout, max_size = settings.attempt_timeout, settings.receive_max_bytes
        return await open_channel(url, asked, timeout=timeout, max_size=max_size)

    def check(self, lost: ChannelLost) -> None:
        """Return if trying again can succeed after this end of a channel.

        Raises:
            Disconnected: it can't.
        """
        if lost.code == CloseCode.TOKEN_EXPIRED and self._tokens.expired():
            return
        if not may_reconnect(lost.code):
            raise Disconnected(lost.code, lost.reason) from lost

    def dropped(self, url: str) -> None:
        """Note that a node ended a channel: others are better for now."""
        self._resolver.failed(url)

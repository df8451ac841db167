"""The keeper: keeps one channel open, and finds the next when it is lost or to be left.

It knows when to leave a channel and where to look for another, and nothing of what goes over it:
that is the traffic's part.
"""

import asyncio
import math
import random
from collections.abc import Callable
from functools import partial

from client_sdk.channel import Channel
from client_sdk.dialer import Dialer, RoundFailed
from client_sdk.events import Event, Happening, Report
from client_sdk.faults import ChannelLost
from client_sdk.pacing import Pacing
from client_sdk.traffic import Traffic
from client_sdk.waiting import wait_for
from cluster.errors import NoNodeAvailable
from cluster.frames import MOVED_FOR, Move

# A node that names a longer time, in seconds, to move within is not believed.
_LONGEST_MOVE = 600.0


class Keeper:
    """Holds the channel of one client."""

    def __init__(
        self,
        dialer: Dialer,
        traffic: Traffic,
        report: Report,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Keep a channel for a client's traffic.

        Args:
            dialer: opens channels.
            traffic: goes over it.
            report: called with each event.
            uniform: returns a number between its two arguments.
        """
        self._dialer = dialer
        self._traffic = traffic
        self._report = report
        self._uniform = uniform
        self._pacing = Pacing(uniform)
        # The channel in use; None while there is none.
        self.channel: Channel | None = None
        # One that was opened to replace it and is not in use yet.
        self._next: Channel | None = None
        # Where to go instead of the channel in use; None as long as that will do.
        self._move: Move | None = None
        # When to do so, in seconds of the loop's clock; infinite while there is no `_move`.
        self._moment = math.inf
        # Set when `_move` or `_moment` is.
        self._movable = asyncio.Event()
        # Whether an attempt to go there has begun.
        self._moving = False
        # When the client last followed a move to another node; None if it never has.
        self._moved: float | None = None
        # Old channels on their way out.
        self._closing: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Replace the channel by a new one, to resume there, at once.

        The new one is on the same node if possible, unless the client was about to leave that.
        """
        if self.channel is None:
            return
        if self._move is None:
            self._move = Move(url=self.channel.url, within=0.0)
        self._moment = -math.inf
        self._movable.set()

    def _leave(self, channel: Channel, move: Move) -> None:
        """Prepare to leave a channel because its node says so.

        The node's latest word counts, since it knows which of the others are still there. It may
        bring the moment forward, but never puts it off.
        """
        if move.url != (channel.url if self._move is None else self._move.url):
            self._report(Event(Happening.MOVING, move.url or ""))
        self._move, self._moving = move, False
        delay = self._uniform(0.0, min(max(move.within, 0.0), _LONGEST_MOVE))
        self._moment = min(self._moment, asyncio.get_running_loop().time() + delay)
        self._movable.set()

    async def open(self, timeout: float) -> None:
        """Open the first channel.

        Raises:
            NoNodeAvailable: no node opened one within `timeout` seconds.
            Disconnected: a node refused this client for good.
        """
        tried: dict[str, None] = {}
        try:
            async with asyncio.timeout(timeout):
                while self.channel is None:
                    try:
                        self._adopt(await self._dial())
                    except RoundFailed as exc:
                        tried |= dict.fromkeys(exc.tried)
                        await asyncio.sleep(self._pacing.after_failure(exc.retry_after))
        except TimeoutError:
            lines = list(tried) or ["nothing had answered by then"]
            # The lines say it all; four tracebacks of ours above them would only hide them.
            raise NoNodeAvailable(f"no node reached within {timeout:g} s", lines) from None

    async def run(self) -> None:
        """Use the open channel, and those that follow it, until cancelled; then call `close`.

        Raises:
            Disconnected: a node refused this client for good.
        """
        while self.channel is not None:
            self._adopt(await self._use(self.channel))

    def _adopt(self, channel: Channel) -> None:
        self.channel = channel
        self._move, self._moving = None, False
        self._moment = math.inf
        self._movable.clear()
        self._traffic.begin(channel)

    async def _use(self, channel: Channel) -> Channel:
        """Use a channel until it is lost or replaced; return the one to use next."""
        started = asyncio.get_running_loop().time()
        carrying = [
            asyncio.create_task(self._traffic.read(channel, partial(self._leave, channel))),
            asyncio.create_task(self._traffic.write(channel, self.resume)),
        ]
        replacing = asyncio.create_task(self._replace(channel))
        tasks = [*carrying, replacing]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(tasks)
        self._retire(channel)
        if self._next is not None:
            new, self._next = self._next, None
            return new
        for task in done:
            if isinstance(fault := task.exception(), ChannelLost):
                lasted = asyncio.get_running_loop().time() - started
                return await self._redial(channel, fault, lasted)
        done.pop().result()
        raise AssertionError("neither lost nor replaced")

    async def _replace(self, channel: Channel) -> None:
        """Wait until the channel is to be left, and open another while it is still in use."""
        clock = asyncio.get_running_loop().time
        await self._movable.wait()
        while (left := self._moment - clock()) > 0:
            self._movable.clear()
            await wait_for(self._movable, left)
        pacing = Pacing(self._uniform)
        while True:
            self._moving = True
            try:
                self._next = await self._follow(channel)
                return
            except RoundFailed as exc:
                await asyncio.sleep(pacing.after_failure(exc.retry_after))

    async def _follow(self, channel: Channel) -> Channel:
        """Open a channel to where the client is to go, or to stay."""
        url = None if self._move is None else self._move.url
        if url == channel.url:
            return await self._dial(prefer=url)
        self._moved = asyncio.get_running_loop().time()
        try:
            new = await self._dial(prefer=url, avoid=channel.url)
        except RoundFailed as exc:
            if url is not None or exc.tried:
                raise
            # The client knows no other address: this one is a front's, with other nodes behind it.
            return await self._dial(prefer=channel.url)
        # Else the next loss could lead straight back to it.
        self._dialer.dropped(channel.url)
        return new

    async def _redial(self, channel: Channel, lost: ChannelLost, lasted: float) -> Channel:
        """Look for a node until one accepts."""
        self.channel = None
        self._dialer.check(lost)
        self._dialer.dropped(channel.url)
        self._report(
            Event(Happening.DISCONNECTED, channel.url, code=str(lost.code), reason=lost.reason)
        )
        await asyncio.sleep(self._pacing.after_loss(lasted))
        # One that did not let the client in while it had a channel is not worth to be first again.
        url = None if self._move is None or self._moving else self._move.url
        prefer = None if url == channel.url else url
        if prefer is not None:
            self._moved = asyncio.get_running_loop().time()
        while True:
            try:
                return await self._dial(prefer=prefer)
            except RoundFailed as exc:
                self._report(Event(Happening.RETRYING, reason=str(exc)))
                await asyncio.sleep(self._pacing.after_failure(exc.retry_after))

    async def _dial(self, *, prefer: str | None = None, avoid: str | None = None) -> Channel:
        """Make a round over the candidates; see `Dialer.round`."""
        now = asyncio.get_running_loop().time()
        moved = self._moved is not None and now - self._moved < MOVED_FOR
        return await self._dialer.round(prefer=prefer, avoid=avoid, moved=moved)

    def _retire(self, channel: Channel) -> None:
        task = asyncio.create_task(channel.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Acknowledge what was handled and close every channel; returns within seconds."""
        channel, self.channel = self.channel, None
        if channel is not None:
            await self._traffic.finish(channel)
            self._retire(channel)
        if self._next is not None:
            self._retire(self._next)
        await asyncio.gather(*self._closing)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

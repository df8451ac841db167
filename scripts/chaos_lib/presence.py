"""The watch over presence: asks living nodes about those who should be offline, again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import aiohttp

from scripts.chaos_lib.ghosts import Ghosts
from scripts.chaos_lib.node import Node
from scripts.chaos_lib.weather import Weather
from scripts.stack.instance import HOST

# Seconds between two rounds, and so the precision of a ghost's age.
_EVERY = 0.25
# Seconds that a node may take for an answer.
_PATIENCE = 2.0
# Questions at a time.
_PARALLEL = 20


class PresenceWatch:
    """Compares `GET /v1/presence/{user}` of the nodes with what is true."""

    def __init__(
        self,
        nodes: Sequence[Node],
        weather: Weather,
        ghosts: Ghosts,
        clock: Callable[[], float],
    ) -> None:
        self._nodes = nodes
        self._weather = weather
        self._ghosts = ghosts
        self._clock = clock
        self._limit = asyncio.Semaphore(_PARALLEL)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE))

    async def run(self) -> None:
        """Ask one node after the other about the suspects, until cancelled."""
        while True:
            for node in self._nodes:
                await asyncio.sleep(_EVERY)
                await self.ask(node, self._ghosts.suspects())

    async def ask(self, node: Node, users: Iterable[str]) -> bool:
        """Ask one node about these users; return whether it named a ghost."""
        if self._weather.clear_since(node.index) is None:
            return False
        answers = await asyncio.gather(*(self._ask(node, user) for user in users))
        return any(answers)

    async def _ask(self, node: Node, user: str) -> bool:
        clear = self._weather.clear_since(node.index)
        async with self._limit:
            asked = self._clock()
            channels = await self._channels(node, user)
        # A fault that began meanwhile may have spoilt the answer.
        if channels is None or clear is None or self._weather.clear_since(node.index) != clear:
            return False
        return self._ghosts.answer(user, channels, node.index, asked, clear)

    async def _channels(self, node: Node, user: str) -> dict[str, str] | None:
        """Return channel_id → node_id as a node tells; None if it doesn't."""
        url = f"http://{HOST}:{node.health_port}/v1/presence/{user}"
        try:
            async with self._session.get(url) as response:
                if response.status != 200:
                    return None
                channels: dict[str, str] = (await response.json())["channels"]
                return channels
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

"""Two users who talk: numbered messages each way, and a check of what arrived."""

import asyncio
from dataclasses import dataclass, field

from client_sdk import Client


@dataclass
class Side:
    """One user's side of a conversation.

    Attributes:
        client: the user's client.
        peer: whom it writes to.
        got: the numbers that have arrived, in order of arrival.
    """

    client: Client
    peer: str
    got: list[int] = field(default_factory=list)

    async def send(self, numbers: range, *, parallel: int = 200) -> None:
        """Send numbered messages, many at a time but in order, until all are confirmed."""
        waiting: set[asyncio.Task[object]] = set()
        for number in numbers:
            waiting.add(asyncio.create_task(self._send_one(number)))
            if len(waiting) >= parallel:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        await asyncio.gather(*waiting)

    async def _send_one(self, number: int) -> object:
        return await self.client.send(self.peer, {"n": number})

    async def receive(self, count: int) -> None:
        """Receive until `count` messages have arrived in all."""
        async for message in self.client:
            assert isinstance(message.body, dict)
            self.got.append(message.body["n"])
            if len(self.got) >= count:
                return

"""A steady load between users, and the judgement of what arrived.

Numbered messages flow from senders to recipients at a steady rate, whatever happens meanwhile. At
the end every number has to have arrived once and in order.
"""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from client_sdk import Client, Event, Happening, connect
from client_sdk.events import Report
from tests.services import eventually

# Seconds between two looks at what is due.
_TICK = 0.01
# Seconds for which a sender goes on through an outage before it gives up a message.
_SEND_TIMEOUT = 90.0


class Arrival(NamedTuple):
    """One message that has arrived: its number, and when it was sent and came, monotonic."""

    number: int
    sent: float
    came: float


class Happened(NamedTuple):
    """An event of a client: when it came, monotonic, to which user, and what it was."""

    moment: float
    user: str
    event: Event


class Verdict(NamedTuple):
    """What is wrong with what arrived; all zero if nothing is."""

    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0


class Flow:
    """One sender and one recipient."""

    def __init__(self, name: str) -> None:
        self.sender_name, self.recipient_name = f"{name}-from", f"{name}-to"
        # Both ends; set by `open`.
        self.sender: Client
        self.recipient: Client
        # Events of both ends, in order.
        self.log: list[Happened] = []
        # What has arrived, in order of arrival.
        self.arrivals: list[Arrival] = []
        # The numbers given out, and those of the messages that were confirmed as stored.
        self.sent = 0
        self.confirmed: set[int] = set()

    async def open(self, stack: AsyncExitStack, from_address: str, to_address: str) -> None:
        """Connect both ends."""
        name, timeout = self.sender_name, _SEND_TIMEOUT
        self.sender = await stack.enter_async_context(
            connect(from_address, user=name, send_timeout=timeout, on_state=self._note(name))
        )
        name = self.recipient_name
        self.recipient = await stack.enter_async_context(
            connect(to_address, user=name, on_state=self._note(name))
        )

    def _note(self, user: str) -> Report:
        return lambda event: self.log.append(Happened(time.monotonic(), user, event))

    async def send(self) -> None:
        """Send the next message; returns when it is confirmed."""
        number, self.sent = self.sent, self.sent + 1
        body = {"n": number, "at": time.monotonic()}
        await self.sender.send(self.recipient_name, body)
        self.confirmed.add(number)

    async def receive(self) -> None:
        """Receive until cancelled."""
        async for message in self.recipient:
            body = message.body
            assert isinstance(body, dict)
            self.arrivals.append(Arrival(body["n"], body["at"], time.monotonic()))

    def happened(self, what: Happening) -> int:
        """Return how often something has happened to either end."""
        return sum(happened.event.what is what for happened in self.log)

    def judge(self, first: int = 0) -> Verdict:
        """Compare what was confirmed with what arrived, from number `first` on."""
        numbers = [arrival.number for arrival in self.arrivals if arrival.number >= first]
        confirmed = {number for number in self.confirmed if number >= first}
        return Verdict(
            lost=len(confirmed - set(numbers)),
            doubled=len(numbers) - len(set(numbers)),
            out_of_order=sum(b < a for a, b in itertools.pairwise(numbers)),
        )


class Load:
    """Several flows at one rate together."""

    def __init__(self, flows: Sequence[Flow], rate: float) -> None:
        self.flows = flows
        self._rate = rate
        # Sends that are not confirmed yet.
        self._pending: set[asyncio.Task[None]] = set()
        # The first error of a send; None while there is none.
        self._failed: BaseException | None = None
        self._stop = asyncio.Event()

    @property
    def sent(self) -> int:
        """How many messages were sent."""
        return sum(flow.sent for flow in self.flows)

    @property
    def confirmed(self) -> int:
        """How many of them were confirmed as stored."""
        return sum(len(flow.confirmed) for flow in self.flows)

    @property
    def arrived(self) -> int:
        """How many messages have come, doubles included."""
        return sum(len(flow.arrivals) for flow in self.flows)

    async def pace(self) -> None:
        """Send at the rate until `finish`."""
        started, sent = time.monotonic(), 0
        while not self._stop.is_set():
            while sent < (time.monotonic() - started) * self._rate:
                self._send(self.flows[sent % len(self.flows)])
                sent += 1
            try:
                await asyncio.wait_for(self._stop.wait(), _TICK)
            except TimeoutError:
                continue

    def _send(self, flow: Flow) -> None:
        task = asyncio.create_task(flow.send())
        self._pending.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._pending.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failed = self._failed or task.exception()

    async def run(self, seconds: float) -> tuple[float, float]:
        """Let it flow for so long; return the monotonic times of beginning and end."""
        began = time.monotonic()
        await eventually(lambda: time.monotonic() - began >= seconds, within=seconds + 1.0)
        return began, time.monotonic()

    async def finish(self, within: float = 30.0) -> None:
        """Send no more, and wait until all is confirmed and all that is confirmed has come."""
        self._stop.set()
        await eventually(lambda: not self._pending, within=within)
        if self._failed is not None:
            raise self._failed
        try:
            await eventually(lambda: self.arrived >= self.confirmed, within=within)
        except AssertionError:
            return  # the verdict says how many

    def judge(self, first: Iterable[int] | None = None) -> Verdict:
        """Judge all flows; `first` is the number of each flow to begin with, 0 by default."""
        starts = [0] * len(self.flows) if first is None else list(first)
        verdicts = [f.judge(start) for f, start in zip(self.flows, starts, strict=True)]
        return Verdict(*(sum(part) for part in zip(*verdicts, strict=True)))

    def latencies(self, span: tuple[float, float]) -> list[float]:
        """Return the seconds that the messages sent within a span of time took, sorted."""
        began, ended = span
        return sorted(
            arrival.came - arrival.sent
            for flow in self.flows
            for arrival in flow.arrivals
            if began <= arrival.sent < ended
        )

    def p99(self, span: tuple[float, float]) -> float:
        """Return the seconds that 99 % of the messages of a span took at most.

        Those that have not come yet count as infinite, so call it when all have.
        """
        return percentile(self.latencies(span), 0.99)

    def happened(self, what: Happening) -> int:
        """Return how often something has happened to any client."""
        return sum(flow.happened(what) for flow in self.flows)


def percentile(ascending: Sequence[float], share: float) -> float:
    """Return the smallest value that this share of values does not exceed; values are sorted."""
    assert ascending, "nothing was measured"
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))]


def figures(**values: object) -> None:
    """Print what a scenario has measured, as one JSON line."""
    print(json.dumps(values))  # shown with `pytest -rP` or -s


@asynccontextmanager
async def flowing(
    pairs: Iterable[tuple[str, str]], *, rate: float, name: str = "flow"
) -> AsyncIterator[Load]:
    """Have messages flow between addresses from now on, at `rate` messages a second together.

    Args:
        pairs: for each flow the addresses of the sender and of the recipient.
        rate: messages a second of all flows together.
        name: what the users' names begin with.
    """
    async with AsyncExitStack() as stack:
        flows = []
        for number, (from_address, to_address) in enumerate(pairs):
            flow = Flow(f"{name}{number}")
            await flow.open(stack, from_address, to_address)
            flows.append(flow)
        load = Load(flows, rate)
        tasks = [asyncio.create_task(flow.receive()) for flow in flows]
        tasks.append(asyncio.create_task(load.pace()))
        try:
            yield load
        finally:
            for task in (*tasks, *load._pending):
                task.cancel()
            await asyncio.gather(*tasks, *load._pending, return_exceptions=True)

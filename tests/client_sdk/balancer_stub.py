"""A balancer of a few lines, which answers what a test tells it."""

import asyncio
import uuid

import msgspec
from aiohttp import web

from cluster.record import NodeRecord


def record(name: str) -> NodeRecord:
    """Return the record of an imaginary node."""
    node_id = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
    return NodeRecord(node_id=node_id, host=name, port=1, url=f"ws://{name}:1/ws")


class BalancerStub:
    """Answers `GET /v1/node` with fixed records, in order."""

    def __init__(self, records: list[NodeRecord]) -> None:
        self.records = records
        # What it was asked, in order.
        self.queries: list[dict[str, str]] = []
        # Set by tests: seconds since the registry confirmed the list.
        self.age = 0.0
        # Set by tests: while it is cleared, questions are taken and not answered.
        self.answering = asyncio.Event()
        self.answering.set()
        # Set by tests: another answer than the records.
        self.answer: web.Response | None = None
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> "BalancerStub":
        """Listen on a free port."""
        application = web.Application()
        application.router.add_get("/v1/node", self._node)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def stop(self) -> None:
        """Stop listening; safe to call twice."""
        self.answering.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _node(self, request: web.Request) -> web.Response:
        self.queries.append(dict(request.query))
        await self.answering.wait()
        if self.answer is not None:
            answer, self.answer = self.answer, None
            return answer
        first, *others = (msgspec.to_builtins(each) for each in self.records)
        body = first | {"candidates": others, "version": 1, "age": self.age, "stale": False}
        # The real one turns with every pick, too.
        self.records = self.records[1:] + self.records[:1]
        return web.json_response(body)

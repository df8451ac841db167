"""The cluster in which the commands of the docs are run, and who is in it."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from client_sdk import Client, connect
from scripts.trial_lib.target import Target
from scripts.trial_lib.traces import remove_traces
from tests.docs.place import Place, Services
from tests.scripts.conftest import made_checkout
from tests.services import ZooKeeper


@pytest.fixture(scope="package")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    zookeeper: ZooKeeper,
    redis_url: str,
    amqp_url: str,
) -> Iterator[Place]:
    """Give a place with a cluster, made by `scripts/cluster up`; nothing of it is left."""
    name = f"docs-{uuid.uuid4().hex[:8]}"
    services = Services(zookeeper.hosts, redis_url, amqp_url, name)
    try:
        with made_checkout(tmp_path_factory.mktemp("docs")) as checkout:
            made = Place(checkout, services)
            made.up()
            yield made
    finally:
        remove_traces(Target.ZOOKEEPER, services.zk, name)
        remove_traces(Target.REDIS, services.redis, name)
        remove_traces(Target.RABBITMQ, services.amqp, name)


@pytest.fixture
async def people(place: Place) -> AsyncIterator[None]:
    """Have bob, on two devices, in the cluster; he answers each message with the same.

    His tablet is away, so that messages wait for him. One of alice has come: `place.traced`.
    """
    if not place.is_whole():
        place.up()
    await (await connect(place.address, user="bob", device="tablet")).close()
    async with (
        connect(place.address, user="bob", device="phone") as bob,
        connect(place.address, user="alice", device="watch") as alice,
    ):
        answering = asyncio.create_task(_answer(bob))
        place.traced = (await alice.send("bob", {"text": "good morning"})).id
        yield
        answering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await answering


async def _answer(client: Client) -> None:
    async for message in client:
        await client.send(message.sender, message.body)

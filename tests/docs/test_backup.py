"""A copy of Redis, made and put back as docs/operations.md says, brings the inboxes back."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from client_sdk import Client, connect
from scripts.stack.instance import HOST
from scripts.stack.waiting import wait_until
from tests.scenarios.processes import NodeProcess
from tests.services import OwnRedis


class Operator:
    """Who types the commands of the page, in a folder of their own."""

    def __init__(self, redis: OwnRedis, cluster: str, folder: Path) -> None:
        self._redis = redis
        self._cluster = cluster
        self._folder = folder

    def types(self, line: str) -> str:
        """Run a line of the page, meant for this Redis and this cluster; return what it said."""
        line = line.replace("redis-cli", f"redis-cli -p {self._redis.port}")
        line = line.replace("im:", f"{self._cluster}:")
        done = subprocess.run(
            ["bash", "-c", line], cwd=self._folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def puts_back(self, copy: str) -> None:
        """Replace all that Redis has by the copy; it runs afterwards as it did before."""
        folder = self._redis.folder
        self._redis.stop()
        (folder / "appendonlydir").rename(folder / "appendonlydir.old")
        (self._folder / copy).rename(folder / "dump.rdb")
        place = ("--port", str(self._redis.port), "--bind", HOST, "--dir", str(folder))
        with subprocess.Popen(
            ["redis-server", *place, "--appendonly", "no", "--save", ""], stdout=subprocess.DEVNULL
        ):
            assert wait_until(lambda: bool(self._redis.version()), 30.0)
            assert self.types("redis-cli del im:epoch") == "1"
            assert self.types("redis-cli config set appendonly yes") == "OK"
            assert wait_until(
                lambda: "aof_rewrite_in_progress:0" in self.types("redis-cli info"), 30.0
            )
            self.types("redis-cli shutdown")
        self._redis.start()


async def take(client: Client, count: int) -> list[object]:
    """Return the bodies of the next messages; all of them count as handled."""
    bodies = [(await anext(client)).body for _ in range(count)]
    client.handled()
    return bodies


async def test_a_copy_brings_the_inboxes_back(
    tmp_path: Path, zk_hosts: str, own_redis: OwnRedis, amqp_url: str, cluster_name: str
) -> None:
    services = ("--zk", zk_hosts, "--redis", own_redis.url, "--amqp", amqp_url)
    options = (*services, "--cluster", cluster_name)
    operator = Operator(own_redis, cluster_name, tmp_path)
    async with NodeProcess(tmp_path, *options) as node:
        # A second device of bob, which never reads, keeps his messages from being dropped.
        await (await connect(node.url, user="bob", device="tablet")).close()
        async with (
            connect(node.url, user="bob") as bob,
            connect(node.url, user="alice") as alice,
        ):
            for number in (1, 2, 3):
                await alice.send("bob", number)
            # Else Redis waits 5 s for other replicas that might ask for the same.
            operator.types("redis-cli config set repl-diskless-sync-delay 0")
            await asyncio.to_thread(operator.types, "redis-cli --rdb im.rdb")
            await alice.send("bob", 4)
            assert await take(bob, 4) == [1, 2, 3, 4]
            epoch = bob.epoch
    operator.puts_back("im.rdb")
    async with NodeProcess(tmp_path, *options) as node:
        async with connect(node.url, user="alice") as alice:
            # The copy has three, so this is a fourth again.
            assert (await alice.send("bob", "another")).offset == 4
        async with connect(node.url, user="bob", epoch=epoch, offset=4) as bob:
            assert bob.recovered is False
            assert bob.epoch != epoch
            assert await take(bob, 4) == [1, 2, 3, "another"]

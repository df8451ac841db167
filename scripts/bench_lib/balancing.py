"""The benchmark `balancer`: picks over HTTP, beside nginx that serves a file of the same size."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import uvloop

from scripts.bench_lib import procfs
from scripts.bench_lib.http_client import HttpClient, split_answer
from scripts.bench_lib.load import no_collections
from scripts.bench_lib.meter import Meter, Spent, between
from scripts.bench_lib.options import Options
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.percentiles import percentile
from scripts.bench_lib.row import Row
from scripts.bench_lib.service_nginx import FILE, NGINX
from scripts.bench_lib.stage import Case, Stage
from scripts.bench_lib.world import World
from scripts.stack.errors import StackError
from scripts.stack.instance import HOST, Instance
from scripts.stack.packages import can_install, install
from scripts.stack.paths import RUN
from scripts.stack.ports import free_port
from scripts.stack.probe import ask
from scripts.trial_lib.program import Program
from scripts.trial_lib.target import Target

_NODES = 3
"""Nodes from which the balancer picks."""


def balancer(stage: Stage) -> list[Row]:
    """Measure `GET /v1/node`, beside nginx that serves a static file of the same size."""
    world = stage.world
    world.start_nodes(_NODES)
    axes = {"clients": stage.options.clients}
    with contextlib.ExitStack() as ending:
        port, pid = ending.enter_context(_balancer(world))
        cases = [Case("balancer", axes, _runner(stage, port, "/v1/node", pid))]
        if has_nginx(stage):
            body = _body(port)
            port, pid = ending.enter_context(_nginx(world, body))
            cases.append(Case("nginx, static file", axes, _runner(stage, port, f"/{FILE}", pid)))
        return stage.play("balancer", cases)


@contextlib.contextmanager
def _balancer(world: World) -> Iterator[tuple[int, int]]:
    """Run a balancer where the nodes run; give its port and process."""
    port = free_port()
    zookeeper = ["--zk", world.addresses[Target.ZOOKEEPER], "--cluster", world.cluster]
    command = ["balancer", "start", *zookeeper, "--host", HOST, "--port", str(port)]
    program = Program("balancer", world.folder, port, [*command, "--log-level", "warning"])
    try:
        program.start()
        world.pins.nodes([program.pid])
        yield port, program.pid
    finally:
        program.kill()


@contextlib.contextmanager
def _nginx(world: World, body: bytes) -> Iterator[tuple[int, int]]:
    """Run nginx where the nodes run; give its port and process."""
    instance = Instance(NGINX, world.folder / "nginx", free_port())
    try:
        instance.start()
        Path(instance.folder, "www", FILE).write_bytes(body)
        [process] = instance.processes()
        world.pins.nodes([process.pid])
        yield instance.port, process.pid
    finally:
        instance.kill()


def has_nginx(stage: Stage) -> bool:
    """Tell whether nginx is there, and install it where that is possible."""
    if NGINX.program() is not None:
        return True
    if not can_install():
        stage.say("no nginx to compare with: run as root: apt-get install nginx")
        return False
    install(NGINX.packages, RUN / "apt.log")
    return True


def _body(port: int) -> bytes:
    """Return what the balancer answers.

    Raises:
        StackError: it does not answer.
    """
    answer = ask(HOST, port, b"GET /v1/node HTTP/1.0\r\n\r\n")
    if not answer or len(answer) != split_answer(answer):
        raise StackError(f"the balancer answers {answer[:100]!r}", "see its log")
    return answer.partition(b"\r\n\r\n")[2]


def _runner(stage: Stage, port: int, path: str, pid: int) -> Callable[[], Outcome]:
    groups = {"server": procfs.tree([pid]), "generator": [os.getpid()]}
    meter = Meter(groups | {"around": procfs.tree(stage.world.all_pids())})
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode()
    return lambda: uvloop.run(_run(stage.options, port, request, meter))


async def _run(options: Options, port: int, request: bytes, meter: Meter) -> Outcome:
    clients = [HttpClient(request) for _ in range(options.clients)]
    loop = asyncio.get_running_loop()
    for client in clients:
        await loop.create_connection(partial(_this, client), HOST, port)
    with no_collections():
        await asyncio.sleep(options.warm)
        first = meter.sample()
        await asyncio.sleep(options.seconds)
        spent = between(first, meter.sample())
    for client in clients:
        client.running = False
    # Each ends with the answer that it is waiting for.
    await asyncio.sleep(0.1)
    return _outcome(clients, spent)


def _this(client: HttpClient) -> HttpClient:
    """Make a protocol, as asyncio wants it: the client that there is."""
    return client


def _outcome(clients: list[HttpClient], spent: Spent) -> Outcome:
    taken = sorted(
        took
        for client in clients
        for came, took in client.answers
        if spent.began <= came < spent.ended
    )
    figures = {
        "rate": len(taken) / spent.seconds,
        "server_us": spent.cpu["server"] * 1e6 / len(taken) if taken else math.nan,
        "p50_ms": percentile(taken, 0.5) * 1e3,
        "p99_ms": percentile(taken, 0.99) * 1e3,
        "generator_share": spent.cpu["generator"] / spent.seconds,
    }
    failed = tuple(sorted({client.failed for client in clients if client.failed}))
    return Outcome(figures, spent.others, spent.steal, failed)

"""The benchmark `gateway`: what messages cost that pass through one address, beside nginx."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import count

import uvloop

from scripts.bench_lib import procfs
from scripts.bench_lib.balancing import has_nginx
from scripts.bench_lib.connection import Address
from scripts.bench_lib.load import Load, at_rate, closed, connect_pairs, run_load
from scripts.bench_lib.meter import Meter
from scripts.bench_lib.outcome import Outcome
from scripts.bench_lib.pair import Pair
from scripts.bench_lib.row import Row
from scripts.bench_lib.service_nginx import nginx_before
from scripts.bench_lib.stage import Case, Stage
from scripts.bench_lib.world import World
from scripts.stack.instance import HOST, Instance
from scripts.stack.ports import free_port
from scripts.trial_lib.program import Program
from scripts.trial_lib.target import Target

_RUNS = count(1)
"""Numbers the runs: users of one must not find what an earlier one has left in their inboxes."""

Front = tuple[str, Address, list[int]]
"""How a front is called, where it is, and its processes."""


def gateway(stage: Stage) -> list[Row]:
    """Measure messages through the gateway, beside nginx and beside none of them."""
    world = stage.world
    # One node: else it would be chance which pairs have both users on the same.
    world.start_nodes(1)
    options = stage.options
    loads = [closed(1), closed(8), *map(at_rate, options.rates)]
    with contextlib.ExitStack() as ending:
        fronts: list[Front] = [("direct", world.node_addresses()[0], [])]
        fronts.append(ending.enter_context(_gateway(world)))
        if has_nginx(stage):
            fronts.append(ending.enter_context(_nginx(world)))
        return stage.play("gateway", [_case(stage, f, load) for load in loads for f in fronts])


@contextlib.contextmanager
def _gateway(world: World) -> Iterator[Front]:
    """Run a gateway where the nodes run."""
    port, admin_port = free_port(), free_port()
    zookeeper = ["--zk", world.addresses[Target.ZOOKEEPER], "--cluster", world.cluster]
    place = ["--listen", f"{HOST}:{port}", "--admin-port", str(admin_port)]
    command = ["balancer", "gateway", *zookeeper, *place, "--log-level", "warning"]
    program = Program("gateway", world.folder, admin_port, command)
    try:
        program.start()
        world.pins.nodes([program.pid])
        yield "gateway", (HOST, port), [program.pid]
    finally:
        program.kill()


@contextlib.contextmanager
def _nginx(world: World) -> Iterator[Front]:
    """Run nginx where the nodes run."""
    service = nginx_before(world.node_addresses())
    instance = Instance(service, world.folder / "nginx-front", free_port())
    try:
        instance.start()
        [process] = instance.processes()
        world.pins.nodes([process.pid])
        yield "nginx", (HOST, instance.port), [process.pid]
    finally:
        instance.kill()


def _case(stage: Stage, front: Front, load: Load) -> Case:
    name, address, pids = front
    axes: dict[str, float | str] = {
        "front": name,
        "window": load.window,
        "target_rate": load.rate,
    }
    return Case(f"{name}, {load.name}", axes, _runner(stage, address, pids, load))


def _runner(stage: Stage, address: Address, pids: list[int], load: Load) -> Callable[[], Outcome]:
    async def run() -> Outcome:
        name = f"g{next(_RUNS)}p"
        size = stage.options.body_bytes
        pairs = [Pair(f"{name}{n}", size) for n in range(stage.options.pairs)]
        await connect_pairs(pairs, [address])
        groups = dict(stage.world.meter().groups)
        if pids:
            groups["server"] = frozenset(procfs.tree(pids))
        outcome = await run_load(pairs, load, stage.options.times, Meter(groups))
        for pair in pairs:
            pair.close()
        return outcome

    return lambda: uvloop.run(run())

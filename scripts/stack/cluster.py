"""`scripts/cluster`: the services, two nodes and a balancer on this machine.

`down` ends only what `up` has started, the ones that depend on others first.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from scripts.stack import services, venv
from scripts.stack.catalog import SERVICES, Wanted, port_of, wanted
from scripts.stack.instance import HOST
from scripts.stack.paths import RUN, VENV_BIN
from scripts.stack.program import Program
from scripts.stack.say import say

_FOLDER = RUN / "cluster"
_TOKEN = _FOLDER / "token"
"""What the page asks for before it names users and drains nodes; made by `up`, kept by `down`."""
_STARTED = _FOLDER / "services"
"""The services that `up` has started, one key a line; others were there before."""


def programs(environ: Mapping[str, str]) -> list[Program]:
    """Return the nodes and the balancer, in the order of their start."""
    ports = {each.service.name: each.port for each in wanted([], environ)}
    zk = ["--zk", f"{HOST}:{ports['zookeeper']}"]
    redis = ["--redis", f"redis://{HOST}:{ports['redis']}/0"]
    amqp = ["--amqp", f"amqp://guest:guest@{HOST}:{ports['rabbitmq']}/%2F"]
    first = port_of("IM_NODE_PORT", 7177, environ)
    nodes = [_node(port, [*zk, *redis, *amqp]) for port in (first, first + 1)]
    return [*nodes, _balancer(_balancer_port(environ), zk)]


def up(environ: Mapping[str, str]) -> None:
    """Make the cluster run; what runs already is left as it is.

    Raises:
        StackError: a part of it can't be started; the parts started before it stay for a look,
            and `down` ends them.
    """
    venv.make()
    _make_token()
    _remember(services.up([], environ))
    waiting = []
    for program in programs(environ):
        if program.process() is None:
            program.launch()
            say(f"starting {program.title} (log: {program.log})")
        waiting.append(program)
    for program in waiting:
        program.wait_ready()
    say("")
    status(environ)
    say(f"the page: http://{HOST}:{_balancer_port(environ)}/#token={_TOKEN.read_text().strip()}")


def down() -> None:
    """End what `up` has started, on whatever ports; return when all is gone. Idempotent."""
    ended = [program for program in _started_programs() if program.end()]
    for program in ended:
        say(f"{program.title} ended")
    started = _remembered()
    services.end(started)
    _STARTED.unlink(missing_ok=True)
    if not ended and not started:
        say("nothing to end: scripts/cluster up has started nothing")


def status(environ: Mapping[str, str]) -> bool:
    """Print one line for each part; return whether all of them are ready."""
    all_ready = services.status([], environ)
    for program in programs(environ):
        ready = program.ready()
        all_ready = all_ready and ready
        state = "ready" if ready else "not ready"
        whose = f"log {program.log}" if program.process() else "not started here"
        say(f"{program.title:<31} {state:<10} http://{HOST}:{program.health_port}/readyz  {whose}")
    return all_ready


def _node(port: int, options: Sequence[str]) -> Program:
    admin = port + 10
    command = [str(VENV_BIN / "server"), "start", *options, "--host", HOST, "--port", str(port)]
    command += ["--admin-port", str(admin)]
    title = f"node ws://{HOST}:{port}"
    return Program(_FOLDER / f"node-{port}", title, command, port, admin)


def _balancer(port: int, options: Sequence[str]) -> Program:
    command = [str(VENV_BIN / "balancer"), "start", *options, "--host", HOST, "--port", str(port)]
    command += ["--allow-admin", "--admin-token-file", str(_TOKEN)]
    folder = _FOLDER / f"balancer-{port}"
    return Program(folder, f"balancer http://{HOST}:{port}", command, port, port)


def _balancer_port(environ: Mapping[str, str]) -> int:
    return port_of("IM_BALANCER_PORT", 7000, environ)


def _make_token() -> None:
    """Make the operator's token, unless there is one; nobody else on this machine may read it."""
    if not _TOKEN.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        _TOKEN.touch(mode=0o600)
        _TOKEN.write_text(secrets.token_urlsafe(16) + "\n")


def _started_programs() -> list[Program]:
    """Return what was started, the balancer first, so that it sends nobody to leaving nodes."""
    found: list[Program] = []
    for folder in sorted(_FOLDER.glob("*-*/")):
        kind, _, port = folder.name.rpartition("-")
        found.append((_balancer if kind == "balancer" else _node)(int(port), []))
    return found


def _remember(started: Sequence[Wanted]) -> None:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    kept = {each.key: each for each in [*_remembered(), *started]}
    _STARTED.write_text("".join(f"{key}\n" for key in kept))


def _remembered() -> list[Wanted]:
    if not _STARTED.exists():
        return []
    keys = [line.rpartition("-") for line in _STARTED.read_text().split()]
    return [Wanted(SERVICES[name], int(port)) for name, _, port in keys]

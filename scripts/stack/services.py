"""`scripts/services`: start, show and end ZooKeeper, Redis and RabbitMQ.

A service that answers on its port already is used and never ended. What is started here is
written under `.run/services/`, and only that is ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.stack import compose
from scripts.stack.catalog import SERVICES, Wanted, wanted
from scripts.stack.errors import StackError
from scripts.stack.instance import HOST, Instance
from scripts.stack.packages import install
from scripts.stack.paths import RUN
from scripts.stack.probe import listens
from scripts.stack.say import say

FOLDER = RUN / "services"
_BY_COMPOSE = "by-compose"
"""A file in a service's folder: this checkout started it as a container."""


def up(names: Sequence[str], environ: Mapping[str, str]) -> list[Wanted]:
    """Make the named services answer; return those that were started for it.

    What was started is ended again when another one can't be.

    Raises:
        StackError: one of them can't be started; its cure is in the message.
    """
    missing = [each for each in wanted(names, environ) if not _in_use(each)]
    if not missing:
        return []
    why = compose.obstacle(missing)
    if why is not None:
        say(f"{why}: using the packages of this machine")
    try:
        if why is None:
            _start_containers(missing)
        else:
            _start_packages(missing)
    except BaseException:
        end(missing)
        raise
    return missing


def end(started: Sequence[Wanted]) -> None:
    """End services that `up` started; those it didn't start are left alone. Idempotent."""
    for each in reversed(started):
        folder = FOLDER / each.key
        instance = Instance(each.service, folder, each.port)
        if (folder / _BY_COMPOSE).exists():
            compose.down(each)
            (folder / _BY_COMPOSE).unlink()
        elif instance.processes():
            instance.stop()
        else:
            continue
        say(f"{each.service.title} on port {each.port} ended")


def started_here(names: Sequence[str] = ()) -> list[Wanted]:
    """Return what this checkout has started and not ended, on whatever port."""
    found: list[Wanted] = []
    for folder in sorted(FOLDER.glob("*-*")):
        name, _, port = folder.name.rpartition("-")
        if name in (names or SERVICES) and _is_ours(folder, name, int(port)):
            found.append(Wanted(SERVICES[name], int(port)))
    return found


def status(names: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Print one line a service; return whether all of them answer."""
    lines = {each.key: each for each in [*wanted(names, environ), *started_here(names)]}
    ours = {each.key for each in started_here(names)}
    answers = {key: each.service.version(HOST, each.port) for key, each in lines.items()}
    for key, each in lines.items():
        state = f"answers ({answers[key]})" if answers[key] else "doesn't answer"
        whose = f"started here, log {_log(each)}" if key in ours else "not started here"
        say(f"{each.service.title:<10} {HOST}:{each.port:<6} {state:<20} {whose}")
    return all(answers.values())


def _is_ours(folder: Path, name: str, port: int) -> bool:
    by_compose = (folder / _BY_COMPOSE).exists()
    return by_compose or bool(Instance(SERVICES[name], folder, port).processes())


def _in_use(each: Wanted) -> bool:
    """Tell whether the service answers already; somebody else's port is an error."""
    title, port = each.service.title, each.port
    version = each.service.version(HOST, port)
    if version:
        ours = each.key in [one.key for one in started_here()]
        who = "started here before" if ours else "not started here, and never ended by this"
        say(f"{title} {version} answers on port {port} already ({who})")
        return True
    if listens(HOST, port):
        problem = f"port {port} is taken by something that isn't a {title} in working order"
        raise StackError(problem, f"end that, or set {each.service.port_variable}")
    return False


def _start_containers(services: Sequence[Wanted]) -> None:
    for each in services:
        say(f"starting {each.service.title} on port {each.port} (docker compose)")
        folder = FOLDER / each.key
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _BY_COMPOSE).touch()
        compose.up(each)
        version = each.service.version(HOST, each.port)
        say(f"{each.service.title} {version} answers on {HOST}:{each.port}")


def _start_packages(services: Sequence[Wanted]) -> None:
    absent = [each.service for each in services if each.service.program() is None]
    if absent:
        install([name for one in absent for name in one.packages], RUN / "apt.log")
    instances = [Instance(one.service, FOLDER / one.key, one.port) for one in services]
    for instance in instances:
        say(f"starting {instance.service.title} on port {instance.port} (log: {instance.log})")
        instance.launch()
    for instance in instances:
        title = instance.service.title
        instance.wait_ready(progress=f"waiting for {title}")
        say(f"{title} {instance.version()} answers on {HOST}:{instance.port}")


def _log(each: Wanted) -> str:
    folder = FOLDER / each.key
    if (folder / _BY_COMPOSE).exists():
        return f"docker compose -p {compose.project(each.port)} logs"
    return str(Instance(each.service, folder, each.port).log)

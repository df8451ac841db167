"""Steps of every trial: start programs, let users arrive, wait until all is quiet, clean up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scripts.stack.errors import StackError
from scripts.trial_lib.crowd import Crowd
from scripts.trial_lib.program import Program
from scripts.trial_lib.running import thoroughly, until
from scripts.trial_lib.target import Target
from scripts.trial_lib.traces import remove_traces

# Seconds within which every user has to be connected at the begin.
_ARRIVE_WITHIN = 60.0
# Seconds after the talk within which sends have to be confirmed or given up, and those who left
# have to be back: somewhat more than the SDK's own timeout of 30 s.
_FINISH_WITHIN = 45.0
# However it goes on, so many seconds after the talk it is over.
SETTLE_WITHIN = 180.0
# Seconds without any delivery after everything was delivered: a copy may still be on its way.
_CALM = 3.0


async def start_programs(programs: Sequence[Program]) -> None:
    """Start programs side by side and return when all are ready.

    Raises:
        StackError: one isn't in time, or has ended; the others may run.
    """
    starting = [asyncio.to_thread(program.start) for program in programs]
    results = await thoroughly(asyncio.gather(*starting, return_exceptions=True))
    for error in filter(None, results):
        raise error


async def let_arrive(crowd: Crowd, folder: Path) -> None:
    """Connect every user.

    Raises:
        StackError: it takes too long; the logs are in `folder`.
    """
    try:
        async with asyncio.timeout(_ARRIVE_WITHIN):
            await crowd.arrive()
    except TimeoutError as exc:
        problem = f"only {crowd.connected} users connected in {_ARRIVE_WITHIN:g} s"
        raise StackError(problem, f"see {folder}") from exc


async def settle(crowd: Crowd, clock: Callable[[], float], patience: float) -> bool:
    """Wait until everything is delivered, or nothing more comes; False if it never gets quiet.

    Args:
        crowd: the users; they have stopped to talk.
        clock: the crowd's.
        patience: seconds without a delivery after which what is missing counts as lost.
    """
    begin = clock()
    await until(lambda: not crowd.busy, _FINISH_WITHIN)

    def is_quiet() -> bool:
        quiet = clock() - max(crowd.last_delivery, begin)
        return quiet > (patience if crowd.ledger.outstanding else _CALM)

    return await until(is_quiet, SETTLE_WITHIN)


async def clean_up(
    services: Mapping[Target, str], cluster: str, say: Callable[[str], None]
) -> None:
    """Leave nothing of a cluster that has ended in services that belong to somebody else.

    Args:
        services: their addresses.
        cluster: the cluster's name in them.
        say: called with a line for each that can't be cleaned.
    """
    for target, address in services.items():
        try:
            await asyncio.to_thread(remove_traces, target, address, cluster)
        except StackError as exc:
            say(str(exc))

"""One rolling restart from the first process to the report. Everything in it is bounded in time."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

from scripts.rolling_lib.latencies import LatencyFigures
from scripts.rolling_lib.options import Options
from scripts.rolling_lib.pace import Pace, even_pace, peak_of
from scripts.rolling_lib.progress import Progress
from scripts.rolling_lib.report import Report
from scripts.rolling_lib.rolling import Rolling
from scripts.rolling_lib.stage import Stage
from scripts.trial_lib.display import Display
from scripts.trial_lib.running import beside, thoroughly
from scripts.trial_lib.steps import SETTLE_WITHIN, clean_up, let_arrive, settle, start_programs


class Run:
    """One run: `execute` once."""

    def __init__(self, options: Options, folder: Path, display: Display) -> None:
        """Prepare a run; nothing is started yet.

        Args:
            options: what is wanted.
            folder: for every log; it exists.
            display: where to show what goes on.
        """
        self._options = options
        self._display = display
        self.stage = Stage(options, folder)
        self._rolling = Rolling(self.stage, options, display.say)
        # What is done now, in words.
        self._phase = "starting"
        # When the restarts began and had ended, in seconds after the begin.
        self._restarting = (0.0, 0.0)
        # What went wrong beside messages and nodes, in words.
        self._problems: list[str] = []

    async def execute(self) -> Report:
        """Return what the run has found; everything that it started has been ended.

        Raises:
            StackError: it could not begin; the cure is in the message.
        """
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(32))
        stage = self.stage
        async with AsyncExitStack() as ending:
            await ending.enter_async_context(beside(self._display.follow(self._progress)))
            await self._start(ending)
            talk = stage.crowd.talk(self._options.rate, random.Random(self._options.seed))
            stage.clock.restart()
            stage.watch.begin()
            async with beside(talk):
                await self._restart_all()
            self._phase = "waiting until all is quiet"
            if not await settle(stage.crowd, stage.clock, self._options.settle):
                self._problems.append(f"it was still not quiet after {SETTLE_WITHIN:g} s")
            self._phase = "ending"
            return self._report()

    async def _start(self, ending: AsyncExitStack) -> None:
        stage = self.stage
        ending.push_async_callback(asyncio.to_thread, stage.services.end)
        ending.push_async_callback(self._clean_up)
        for program in (*stage.nodes, stage.balancer):
            ending.push_async_callback(asyncio.to_thread, program.kill)
        self._display.say(f"starting services, {len(stage.nodes)} nodes and a balancer")
        await thoroughly(asyncio.to_thread(stage.services.start))
        await start_programs([*stage.nodes, stage.balancer])
        ending.push_async_callback(stage.crowd.depart)
        await let_arrive(stage.crowd, stage.folder)

    async def _clean_up(self) -> None:
        if any(node.node_id for node in self.stage.nodes):  # else none has ever been ready
            await clean_up(self._options.services, self.stage.cluster, self._display.say)

    async def _restart_all(self) -> None:
        """Restart the nodes while clients talk; they talk undisturbed before and after it."""
        clock, steady = self.stage.clock, self._options.steady
        self._phase = "before the restarts"
        rate = f"{self._options.rate:g} messages a second"
        self._display.say(f"{self.stage.crowd.connected} clients talk, {rate}")
        await asyncio.sleep(steady)
        self._phase = "restarting"
        began = clock()
        await self._rolling.run()
        self._restarting = began, clock()
        self._phase = "after the restarts"
        await asyncio.sleep(steady)

    def _progress(self) -> Progress:
        stage, ledger = self.stage, self.stage.crowd.ledger
        return Progress(
            phase=self._phase,
            now=stage.clock(),
            clients=(stage.crowd.connected, len(stage.crowd.users)),
            sent=ledger.sent,
            confirmed=ledger.confirmed,
            delivered=ledger.delivered,
            outstanding=ledger.outstanding,
            reconnects=len(stage.watch.reconnects),
            gaps=len(stage.watch.gaps.longest(stage.clock())),
        )

    def _paces(self) -> list[Pace]:
        """Return the pace of each restart: all that comes before the next one counts to it."""
        restarts = self._rolling.restarts
        borders = [*(restart.told for restart in restarts), float("inf")]
        return [
            Pace(
                even=even_pace(restart.clients, self._options.drain_within),
                peak=peak_of(at for at in self.stage.watch.reconnects if begin <= at < end),
            )
            for restart, (begin, end) in zip(restarts, pairwise(borders), strict=True)
        ]

    def _latencies(self) -> dict[str, LatencyFigures]:
        between, (began, ended) = self.stage.watch.latencies.between, self._restarting
        return {
            "before": between(0.0, began),
            "during": between(began, ended),
            "after": between(ended, float("inf")),
        }

    def _report(self) -> Report:
        stage, options, crowd = self.stage, self._options, self.stage.crowd
        return Report(
            seed=options.seed,
            nodes=options.nodes,
            clients=options.clients,
            rate=options.rate,
            drain_within=options.drain_within,
            kill=options.kill,
            cluster=stage.cluster,
            totals=crowd.ledger.totals(),
            findings=list(crowd.ledger.findings()),
            restarts=self._rolling.restarts,
            paces=self._paces(),
            reconnects=len(stage.watch.reconnects),
            gaps=stage.watch.gaps.figures(options.clients, stage.clock()),
            latencies=self._latencies(),
            refusals=dict(crowd.refusals),
            events=dict(crowd.events),
            clients_ended=sum(user.ended for user in crowd.users),
            problems=[*self._rolling.problems, *self._problems],
        )

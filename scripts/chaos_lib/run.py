"""One run of chaos from the first process to the report. Everything in it is bounded in time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from scripts.chaos_lib.faults import Fault
from scripts.chaos_lib.options import Options
from scripts.chaos_lib.performance import Performance
from scripts.chaos_lib.presence import PresenceWatch
from scripts.chaos_lib.progress import Progress
from scripts.chaos_lib.report import Report
from scripts.chaos_lib.scene import Scene
from scripts.trial_lib.display import Display
from scripts.trial_lib.running import beside, thoroughly
from scripts.trial_lib.steps import SETTLE_WITHIN, clean_up, let_arrive, settle, start_programs

# Seconds between two rounds of the search for ghosts.
_POLL = 0.1


class Run:
    """One run: `execute` once."""

    def __init__(
        self, options: Options, schedule: Sequence[Fault], folder: Path, display: Display
    ) -> None:
        """Prepare a run; nothing is started yet.

        Args:
            options: what is wanted.
            schedule: the faults.
            folder: for every log; it exists.
            display: where to show what goes on.
        """
        self._options = options
        self._display = display
        self.scene = Scene(options, folder)
        # When it is set the faults and the talk end, and what is left is delivered.
        self._over = asyncio.Event()
        self._performance = Performance(self.scene, schedule, self._over, display.say)
        # What is done now, in words.
        self._phase = "starting"
        self._interrupted = False

    def interrupt(self) -> None:
        """End the faults and the talk now; healing, waiting and the report follow."""
        if not self._interrupted:
            self._display.say("interrupted: healing; once more to give up without a report")
        self._interrupted = True
        self._over.set()

    async def execute(self) -> Report:
        """Return what the run has found; everything that it started has been ended.

        Raises:
            StackError: it could not begin; the cure is in the message.
        """
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(32))
        async with AsyncExitStack() as ending:
            await ending.enter_async_context(beside(self._display.follow(self._progress)))
            await self._start(ending)
            watch = PresenceWatch(
                self.scene.nodes, self.scene.weather, self.scene.ghosts, self.scene.clock
            )
            ending.push_async_callback(watch.close)
            async with beside(watch.run()):
                await self._rage()
                await self._settle()
            await self._look_for_ghosts(watch)
            self._phase = "ending"
            return self._report()

    async def _start(self, ending: AsyncExitStack) -> None:
        scene = self.scene
        ending.push_async_callback(asyncio.to_thread, scene.services.end)
        ending.push_async_callback(self._clean_up)
        for node in scene.nodes:
            ending.push_async_callback(asyncio.to_thread, node.close)
        ending.push_async_callback(asyncio.to_thread, scene.balancer.kill)
        self._display.say(f"starting services, {len(scene.nodes)} nodes and a balancer")
        await thoroughly(asyncio.to_thread(scene.services.start))
        await start_programs([*scene.nodes, scene.balancer])
        ending.push_async_callback(scene.crowd.depart)
        await let_arrive(scene.crowd, scene.folder)

    async def _clean_up(self) -> None:
        if any(node.node_id for node in self.scene.nodes):  # else no node has ever been ready
            await clean_up(self._options.services, self.scene.cluster, self._display.say)

    async def _rage(self) -> None:
        """Let the users talk while the schedule is carried out."""
        scene, options = self.scene, self._options
        scene.clock.restart()
        self._phase = "raging"
        self._display.say(f"{scene.crowd.connected} users talk, {options.rate:g} messages a second")
        talk = scene.crowd.talk(options.rate, random.Random(options.seed))
        performing = asyncio.create_task(self._performance.run())
        try:
            async with beside(talk):
                with suppress(TimeoutError):
                    async with asyncio.timeout(options.seconds):
                        await self._over.wait()
        finally:
            self._phase = "healing"
            self._over.set()
            # Cancelled or not: what is being started again now would outlive its end.
            await thoroughly(performing)

    async def _settle(self) -> None:
        """Wait until everything is delivered, or nothing more comes."""
        scene = self.scene
        self._phase = "settling"
        self._display.say(f"{scene.clock():6.1f} s  healed; waiting until all is quiet")
        if not await settle(scene.crowd, scene.clock, self._options.settle):
            scene.problems.append(f"it was still not quiet after {SETTLE_WITHIN:g} s")

    async def _look_for_ghosts(self, watch: PresenceWatch) -> None:
        """Ask every node about every user, until no ghost is left or the limit is passed."""
        scene = self.scene
        self._phase = "looking for ghosts"
        names = [user.name for user in scene.crowd.users]
        end = scene.clock() + scene.options.ghost_limit + 1.0
        for node in scene.nodes:
            while await watch.ask(node, names):
                if scene.clock() > end:
                    return
                await asyncio.sleep(_POLL)

    def _progress(self) -> Progress:
        scene, ledger = self.scene, self.scene.crowd.ledger
        return Progress(
            self._phase,
            scene.clock(),
            self._options.seconds,
            (scene.crowd.connected, len(scene.crowd.users)),
            ledger.sent,
            ledger.confirmed,
            ledger.delivered,
            ledger.outstanding,
            scene.ghosts.longest.age,
            [fault.name for fault in self._performance.going_on],
        )

    def _report(self) -> Report:
        scene, crowd, options = self.scene, self.scene.crowd, self._options
        return Report(
            seed=options.seed,
            seconds=options.seconds,
            nodes=options.nodes,
            users=options.users,
            session_timeout=options.session_timeout,
            services=scene.describe_services(),
            cluster=scene.cluster,
            totals=crowd.ledger.totals(),
            findings=list(crowd.ledger.findings()),
            ghost=scene.ghosts.longest,
            ghost_limit=options.ghost_limit,
            presence_answers=scene.ghosts.answers,
            stalls=crowd.stalls.worst(),
            stall_p99=crowd.stalls.quantile(0.99),
            performed=self._performance.performed,
            left_out=[str(fault) for fault in self._performance.left_out],
            refusals=dict(crowd.refusals),
            events=dict(crowd.events),
            clients_ended=sum(user.ended for user in crowd.users),
            problems=scene.problems,
            interrupted=self._interrupted,
        )

"""The performance: carries a schedule out, fault by fault, and heals every one of them."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress

from scripts.chaos_lib.deeds import DEEDS
from scripts.chaos_lib.faults import Fault, Performed
from scripts.chaos_lib.scene import Scene
from scripts.stack.errors import StackError

log = logging.getLogger(__name__)

_FAILURES = (StackError, OSError, TimeoutError, subprocess.TimeoutExpired)


class Performance:
    """One schedule on its way."""

    def __init__(
        self,
        scene: Scene,
        schedule: Sequence[Fault],
        over: asyncio.Event,
        say: Callable[[str], None],
    ) -> None:
        """Carry out a schedule.

        Args:
            scene: what the faults are done to.
            schedule: the faults.
            over: when it is set, what goes on is healed and nothing new begins.
            say: called with a line for each begin and end.
        """
        self._scene = scene
        self._schedule = schedule
        self._over = over
        self._say = say
        # One for each target: an outage that takes longer to heal than planned puts the next off.
        self._locks = {fault.target: asyncio.Lock() for fault in schedule}
        # What was carried out, in the order of its begin.
        self.performed: list[Performed] = []

    @property
    def going_on(self) -> list[Fault]:
        """Return the faults that are not healed yet."""
        return [each.fault for each in self.performed if each.ended is None]

    @property
    def left_out(self) -> list[Fault]:
        """Return the faults that have not begun."""
        begun = {each.fault for each in self.performed}
        return [fault for fault in self._schedule if fault not in begun]

    async def run(self) -> None:
        """Return when every fault has been healed."""
        await asyncio.gather(*(self._perform(fault) for fault in self._schedule))

    async def _perform(self, fault: Fault) -> None:
        await self._wait(fault.at - self._scene.clock())
        async with self._locks[fault.target]:
            if self._over.is_set():
                return
            performed = Performed(fault, self._scene.clock())
            self.performed.append(performed)
            self._say(f"{performed.began:6.1f} s  {fault.name} for {fault.lasts:.1f} s")
            try:
                await self._do(fault)
            except _FAILURES as exc:
                log.exception("%s failed", fault)
                self._scene.problems.append(f"{fault.name} at {performed.began:.1f} s: {exc}")
            performed.ended = self._scene.clock()
            self._say(f"{performed.ended:6.1f} s  {fault.name} is over")

    async def _do(self, fault: Fault) -> None:
        deed, weather = DEEDS[fault.kind], self._scene.weather
        log.info("begin: %s", fault)
        if deed.clouds:
            weather.cloud(fault.node)
        try:
            try:
                await deed.harm(self._scene, fault)
                await self._wait(fault.lasts)
            finally:
                await deed.undo(self._scene, fault)
        finally:
            if deed.clouds:
                weather.clear(fault.node, self._scene.clock())
            log.info("end: %s", fault)

    async def _wait(self, seconds: float) -> None:
        """Wait so long, or until it is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._over.wait()

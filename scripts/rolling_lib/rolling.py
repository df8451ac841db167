"""The restarts: one node after the other, each as an operator would do it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from scripts.rolling_lib.options import Options
from scripts.rolling_lib.restart import Restart
from scripts.rolling_lib.stage import Stage
from scripts.stack.errors import StackError
from scripts.stack.waiting import wait_until
from scripts.trial_lib.program import NodeProgram
from scripts.trial_lib.running import thoroughly
from scripts.trial_lib.user import User

log = logging.getLogger(__name__)

# Seconds that a node may take to stop once its drain is over; it promises ten.
STOP_LIMIT = 12.0
# Seconds within which a node that says it is ready has to be in the registry.
_REGISTERED_WITHIN = 10.0


class Rolling:
    """The restarts of one run."""

    def __init__(self, stage: Stage, options: Options, say: Callable[[str], None]) -> None:
        """Restart the nodes of a stage.

        Args:
            stage: with nodes that run and clients that talk.
            options: how to end nodes.
            say: called with a line for each step.
        """
        self._stage = stage
        self._options = options
        # How long a node may take to end, in seconds.
        self._limit = options.drain_within + STOP_LIMIT
        self._say = say
        # In the order in which they began; the last one may be under way.
        self.restarts: list[Restart] = []
        # What went wrong with nodes, in words.
        self.problems: list[str] = []

    async def run(self) -> None:
        """Restart every node. Stops at the first one that does not come back."""
        for node in self._stage.nodes:
            try:
                await self._restart(node)
            except StackError as exc:
                log.exception("%s did not come back", node.name)
                self.problems.append(str(exc))
                return

    async def _restart(self, node: NodeProgram) -> None:
        stage = self._stage
        users = stage.crowd.on(node.node_id)
        restart = Restart(node.name, len(users), stage.clock())
        self.restarts.append(restart)
        self._say(f"{restart.told:6.1f} s  {node.name} is told to go; it has {len(users)} clients")
        await thoroughly(asyncio.to_thread(self._end, node))
        restart.gone = stage.clock()
        if restart.gone - restart.told >= self._limit:
            self.problems.append(f"{node.name} did not end within {self._limit:g} s")
        restart.moved_to = dict(Counter(self._place(user, node) for user in users))
        await thoroughly(asyncio.to_thread(self._start, node))
        restart.back = stage.clock()
        took = restart.back - restart.gone
        self._say(f"{restart.back:6.1f} s  {node.name} is back, {took:.1f} s after it had gone")

    def _place(self, user: User, gone: NodeProgram) -> str:
        """Return where a client is; one that has not noticed yet that its node is gone, nowhere."""
        lost = not user.connected or user.node_id == gone.node_id
        return "nowhere" if lost else self._stage.name_of(user.node_id)

    def _end(self, node: NodeProgram) -> None:
        if self._options.kill:
            node.kill()
        else:
            node.stop(self._limit)

    def _start(self, node: NodeProgram) -> None:
        node.start()
        if not wait_until(lambda: self._stage.is_registered(node), _REGISTERED_WITHIN):
            problem = f"{node.name} was not in the registry within {_REGISTERED_WITHIN:g} s"
            raise StackError(problem, f"see {node.log}")

"""The follower: keeps the file that nginx includes in step with the registry.

    a change → settle → render → write → test → reload
                                          └ refused: put the old file back, try again later

It writes nothing from a stale snapshot, nor from an empty one: nginx goes on with what it has.
"""

import asyncio
import enum
import logging
from collections.abc import Awaitable, Callable

from balancer.command import run_command
from balancer.nginx_file import IncludedFile
from balancer.nginx_metrics import NginxMetrics
from balancer.nginx_settings import NginxSettings
from balancer.nginx_upstream import changes, render
from cluster.address import is_plain_host
from cluster.keeper import Keeper
from cluster.snapshot import Snapshot

# Seconds in which further changes are waited for: nodes that start or die together are one change.
_SETTLE = 0.2

# Seconds between two reloads at least: each leaves old workers behind, as long as clients stay.
_REST = 1.0

# Seconds after which what failed is tried again, and after which all is looked through anyway.
_RETRY = 10.0
_LOOK = 30.0

# Seconds that a command may take.
_COMMAND_WITHIN = 30.0

_log = logging.getLogger(__name__)


class Outcome(enum.Enum):
    """What has become of one attempt; the value says it in words."""

    IN_STEP = "the file is up to date"
    STALE = "the registry has not confirmed the list"
    EMPTY = "no node is registered"
    NOT_WRITTEN = "the file could not be written"
    REFUSED = "the test refused the new file"
    NOT_RELOADED = "nginx was not reloaded"


class NginxFollower:
    """Keeps one file in step: `start` it once, `stop` it once, or call `step` by oneself."""

    def __init__(
        self,
        settings: NginxSettings,
        snapshot: Callable[[], Snapshot],
        *,
        run: Callable[[str, float], Awaitable[str | None]] = run_command,
    ) -> None:
        """Make a follower that does nothing yet.

        Args:
            settings: see there.
            snapshot: returns the nodes as last known.
            run: runs a command within so many seconds; returns None, or why it failed.
        """
        self._settings = settings
        self._snapshot = snapshot
        self._run = run
        self._file = IncludedFile(settings.out)
        # What the last attempt has come to.
        self.outcome = Outcome.STALE
        self.metrics = NginxMetrics(snapshot, lambda: self.outcome is Outcome.IN_STEP)
        # Whether nginx has not read the file that is in place.
        self._unread = False
        # Hosts that were left out and told of.
        self._odd: frozenset[str] = frozenset()
        # Held while files and commands are at work: what was begun is finished.
        self._busy = asyncio.Lock()
        self._keeper = Keeper("following the nodes", self._round, rest=_REST)

    def start(self) -> None:
        """Follow from now on."""
        self._keeper.start()

    def changed(self, _snapshot: Snapshot) -> None:
        """Learn that the list or its staleness has changed; returns at once."""
        self._keeper.wake()

    async def stop(self) -> None:
        """Finish what is under way, and follow no more; safe to call twice."""
        async with self._busy:
            await self._keeper.stop()

    def ready(self) -> tuple[bool, dict[str, object]]:
        """Return whether nginx has what the registry shows, and details."""
        snapshot = self._snapshot()
        details = {"nodes": len(snapshot.records), "stale": snapshot.stale}
        return self.outcome is Outcome.IN_STEP, details | {"state": self.outcome.value}

    async def step(self) -> Outcome:
        """Bring file and nginx up to date once; return what has become of it."""
        async with self._busy:
            self.outcome = await self._step()
        return self.outcome

    async def _round(self) -> float:
        await asyncio.sleep(_SETTLE)
        before = self.outcome
        outcome = await self.step()
        if outcome is Outcome.EMPTY and before is not outcome:
            _log.warning("no node is registered: %s stays as it is", self._settings.out)
        failed = outcome in (Outcome.NOT_WRITTEN, Outcome.REFUSED, Outcome.NOT_RELOADED)
        return _RETRY if failed else _LOOK

    async def _step(self) -> Outcome:
        snapshot = self._snapshot()
        if snapshot.stale:
            return Outcome.STALE
        self._tell_odd_hosts(snapshot)
        text = render(self._settings.block, snapshot.records)
        if text is None:
            return Outcome.EMPTY
        try:
            before = await asyncio.to_thread(self._file.read)
            if before != text:
                if not await self._replace(before, text):
                    return Outcome.REFUSED
                self._unread = True
        except OSError as exc:
            self.metrics.errors.inc()
            _log.error(
                "cannot write %s: %s; name another --out", self._settings.out, exc.strerror or exc
            )
            return Outcome.NOT_WRITTEN
        return await self._reload() if self._unread else Outcome.IN_STEP

    async def _replace(self, before: str | None, text: str) -> bool:
        """Put a text in place; return whether the test lets it stay."""
        settings = self._settings
        await asyncio.to_thread(self._file.write, text)
        why = await self._run(settings.test, _COMMAND_WITHIN) if settings.test else None
        if why is not None:
            await asyncio.to_thread(self._file.put_back, before)
            self.metrics.refused.inc()
            _log.error("put back %s: '%s' refuses it: %s", settings.out, settings.test, why)
            return False
        self.metrics.writes.inc()
        _log.info("wrote %s: %s", settings.out, changes(before or "", text))
        return True

    async def _reload(self) -> Outcome:
        command = self._settings.reload
        why = await self._run(command, _COMMAND_WITHIN) if command else None
        if why is not None:
            self.metrics.failed_reloads.inc()
            _log.error("nginx was not reloaded: '%s': %s; see --reload", command, why)
            return Outcome.NOT_RELOADED
        if command:
            self.metrics.reloads.inc()
        self._unread = False
        return Outcome.IN_STEP

    def _tell_odd_hosts(self, snapshot: Snapshot) -> None:
        """Say once of each host that it is left out."""
        odd = frozenset(r.host for r in snapshot.records if not is_plain_host(r.host))
        for host in sorted(odd - self._odd):
            _log.warning("left out a node: its host %r is neither a name nor an address", host)
        self._odd = odd

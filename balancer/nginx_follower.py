"""The follower: keeps the file that nginx includes in step with the registry.

    a change → settle → render → write → test → reload
                                          └ refused: put the old file back; once more without
                                            the names that nobody knows, else try again later

What a run has written and not brought to the end, since it was killed say, the next one does.

It writes nothing from a stale snapshot, nor from an empty one: nginx goes on with what it has.
"""

import asyncio
import enum
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable

from balancer.command import run_command
from balancer.name_lookup import unknown_hosts
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
    EMPTY = "no node is registered whose host nginx could use"
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
        silent: Callable[[], Collection[str]] = tuple,
        run: Callable[[str, float], Awaitable[str | None]] = run_command,
        look_up: Callable[[Iterable[str]], Awaitable[frozenset[str]]] = unknown_hosts,
    ) -> None:
        """Make a follower that does nothing yet.

        Args:
            settings: see there.
            snapshot: returns the nodes as last known.
            silent: returns the ids of nodes that accept no connections.
            run: runs a command within so many seconds; returns None, or why it failed.
            look_up: returns those of some hosts that have no address.
        """
        self._settings = settings
        self._snapshot = snapshot
        self._silent = silent
        self._run = run
        self._look_up = look_up
        self._file = IncludedFile(settings.out)
        # What the last attempt has come to.
        self.outcome = Outcome.STALE
        self.metrics = NginxMetrics(snapshot, lambda: self.outcome is Outcome.IN_STEP)
        # The text that has last passed the test, in this run; None before.
        self._passed: str | None = None
        # Hosts that were left out and told of.
        self._odd: frozenset[str] = frozenset()
        # Hosts that are left out since nginx would refuse the whole list for their sake.
        self._unknown: frozenset[str] = frozenset()
        # Held while files and commands are at work: what was begun is finished.
        self._busy = asyncio.Lock()
        self._keeper = Keeper("following the nodes", self._round, rest=_REST)

    def start(self) -> None:
        """Follow from now on."""
        self._keeper.start()

    def changed(self, _snapshot: Snapshot) -> None:
        """Learn that the list or its staleness has changed; returns at once."""
        self.wake()

    def wake(self) -> None:
        """Look again soon: something has changed; returns at once."""
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
            _log.warning("%s: %s stays as it is", outcome.value, self._settings.out)
        failed = outcome in (Outcome.NOT_WRITTEN, Outcome.REFUSED, Outcome.NOT_RELOADED)
        return _RETRY if failed else _LOOK

    async def _step(self) -> Outcome:
        snapshot = self._snapshot()
        if snapshot.stale:
            return Outcome.STALE
        self._tell_odd_hosts(snapshot)
        # Some may have an address by now; and who has left is no longer of interest.
        hosts = {record.host for record in snapshot.records}
        self._unknown = await self._look_up(self._unknown & hosts)
        try:
            outcome = await self._bring_known(snapshot)
            if outcome is Outcome.REFUSED and await self._leave_out_more(hosts):
                outcome = await self._bring_known(snapshot)
            return outcome
        except OSError as exc:
            self.metrics.errors.inc()
            _log.error(
                "cannot write %s: %s; name another --out", self._settings.out, exc.strerror or exc
            )
            return Outcome.NOT_WRITTEN

    async def _leave_out_more(self, hosts: set[str]) -> bool:
        """Find the hosts that have no address; tell whether there are more than before.

        nginx looks each name up when it reads its files, and refuses all of them for one that it
        cannot find: without this, a single node's record would keep all others from it.
        """
        before, self._unknown = self._unknown, await self._look_up(filter(is_plain_host, hosts))
        for host in sorted(self._unknown - before):
            _log.warning("left out a node: its host %r has no address here", host)
        return bool(self._unknown - before)

    async def _bring_known(self, snapshot: Snapshot) -> Outcome:
        records = [each for each in snapshot.records if each.host not in self._unknown]
        text = render(self._settings.block, records, self._silent())
        return Outcome.EMPTY if text is None else await self._bring(text)

    async def _bring(self, text: str) -> Outcome:
        """Have a text in place that the test lets pass, and have nginx read it."""
        before = await asyncio.to_thread(self._file.read)
        new, unread = before != text, self._file.unread
        if not new and not unread:
            return Outcome.IN_STEP
        if new:
            self._file.will_change()
            await asyncio.to_thread(self._file.write, text)
        if new or self._passed != text:
            why = await self._test()
            if why is not None:
                return await self._refused(why, before, text, unread)
            self._passed = text
        if new:
            self.metrics.writes.inc()
            _log.info("wrote %s: %s", self._settings.out, changes(before or "", text))
        return await self._reload()

    async def _test(self) -> str | None:
        """Return why nginx would refuse what is in place; None if it would not."""
        test = self._settings.test
        return await self._run(test, _COMMAND_WITHIN) if test else None

    async def _refused(self, why: str, before: str | None, text: str, unread: bool) -> Outcome:
        """Put back what was in place before a text, unless that was in place already."""
        settings = self._settings
        self.metrics.refused.inc()
        if before == text:
            _log.error("%s stays: '%s' refuses it: %s", settings.out, settings.test, why)
            return Outcome.REFUSED
        await asyncio.to_thread(self._file.put_back, before)
        if not unread:
            self._file.was_read()
        _log.error("put back %s: '%s' refuses it: %s", settings.out, settings.test, why)
        return Outcome.REFUSED

    async def _reload(self) -> Outcome:
        command = self._settings.reload
        why = await self._run(command, _COMMAND_WITHIN) if command else None
        if why is not None:
            self.metrics.failed_reloads.inc()
            _log.error("nginx was not reloaded: '%s': %s; see --reload", command, why)
            return Outcome.NOT_RELOADED
        if command:
            self.metrics.reloads.inc()
        self._file.was_read()
        return Outcome.IN_STEP

    def _tell_odd_hosts(self, snapshot: Snapshot) -> None:
        """Say once of each host that it is left out."""
        odd = frozenset(r.host for r in snapshot.records if not is_plain_host(r.host))
        for host in sorted(odd - self._odd):
            _log.warning("left out a node: its host %r is neither a name nor an address", host)
        self._odd = odd

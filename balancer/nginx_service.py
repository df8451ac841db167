"""`balancer nginx` as a service: a feed, a prober, a follower, and a port for operators."""

import asyncio
import contextlib

from balancer.admin_port import AdminPort
from balancer.feed import Feed
from balancer.nginx_follower import NginxFollower, Outcome
from balancer.nginx_settings import ONCE_WAIT, NginxSettings
from balancer.prober import Prober, probed_failures
from cluster.registry import Registry


class NginxService:
    """One of them: `start` or `once`, then `stop`."""

    def __init__(self, settings: NginxSettings, registry: Registry) -> None:
        """Make a service that does nothing yet.

        Args:
            settings: see there.
            registry: where the nodes stand; not yet connected. The service closes it.
        """
        self._settings = settings
        self._registry = registry
        wait = ONCE_WAIT if settings.once and settings.wait is None else settings.wait
        self._wait = wait
        self._feed = Feed(registry, wait=wait)
        # The nodes that the last round of probes found silent.
        self._silent: frozenset[str] = frozenset()
        self.follower = NginxFollower(
            settings, lambda: self._feed.snapshot, silent=lambda: self._silent
        )
        self._failures = probed_failures(settings.probe)
        self._prober = Prober(
            lambda: self._feed.snapshot,
            self._failures,
            every=settings.probe,
            noted=self._probed,
        )
        # Both are set by `start`; the port only if one is wanted.
        self._joining: asyncio.Task[None] | None = None
        # The one attempt of `once`; None before.
        self._attempt: asyncio.Task[Outcome] | None = None
        self._admin: AdminPort | None = None

    async def start(self) -> None:
        """Follow the registry from now on.

        Raises:
            OSError: the admin port cannot be listened on.
        """
        settings, follower = self._settings, self.follower
        if settings.admin_port is not None:
            metrics = follower.metrics.registry
            place = (settings.admin_host, settings.admin_port)
            self._admin = AdminPort(*place, ready=follower.ready, metrics=metrics)
            await self._admin.start()
        self._feed.subscribe(follower.changed)
        follower.start()
        if settings.probe:
            self._prober.start()
        self._joining = asyncio.create_task(self._feed.join(), name="balancer nginx: join")

    async def joined(self) -> None:
        """Return when the registry has been reached.

        Raises:
            ServiceUnavailable: it was not, within the time that the settings allow.
        """
        assert self._joining is not None, "start the service first"
        await asyncio.shield(self._joining)

    async def once(self) -> Outcome:
        """Bring the file up to date once; if this is cancelled, `stop` finishes what was begun.

        Raises:
            ServiceUnavailable: the registry was not reached in time.
        """
        confirmed = asyncio.Event()
        self._feed.subscribe(lambda snapshot: None if snapshot.stale else confirmed.set())
        await self._feed.join()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._wait):
                await confirmed.wait()
        self._attempt = asyncio.create_task(self.follower.step())
        return await asyncio.shield(self._attempt)

    async def stop(self) -> None:
        """Finish what is under way, and let go of the registry."""
        if self._attempt is not None:
            await asyncio.wait([self._attempt])
        await self._prober.stop()
        await self.follower.stop()
        if self._joining is not None:
            self._joining.cancel()
            # Waiting, unlike awaiting, does not raise the error that `joined` is there to tell.
            await asyncio.wait([self._joining])
        if self._admin is not None:
            await self._admin.stop()
        await self._registry.close()

    def _probed(self) -> None:
        """Have the file follow if other nodes are silent than before."""
        ids = self._feed.snapshot.node_ids()
        self._failures.retain(ids)
        silent = frozenset(self._failures.ejected(ids))
        if silent != self._silent:
            self._silent = silent
            self.follower.wake()

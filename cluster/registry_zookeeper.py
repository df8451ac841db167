"""The registry on ZooKeeper: ephemeral znodes `/<cluster>/nodes/n-<node_id>-<sequence>`.

It only puts the parts together: the session, registrations on it, and watches through it.
"""

import asyncio

from cluster.address import ZookeeperAddress
from cluster.errors import ServiceUnavailable
from cluster.membership import ZookeeperMembership
from cluster.record import NodeRecord
from cluster.registration import ZookeeperRegistration
from cluster.snapshot import Snapshot
from cluster.zookeeper import SessionState, Zookeeper


class ZookeeperRegistry:
    """One cluster's registry; see `cluster.registry.Registry`.

    Args:
        address: the ensemble, with the chroot.
        cluster: the cluster's name.
        session_timeout: seconds after which a node that has died is gone. Shorter notices a death
            earlier, and takes a pause of the process or the network for one more easily. The
            server keeps it within 2 and 20 of its ticks, 4 and 40 s by default.
        makes_path: whether `connect` makes the path where nodes stand, the chroot's too. That is
            for who will register, and hears there that it may not. Who watches makes nothing: a
            name that was mistyped would stay behind, and look right from then on.
    """

    def __init__(
        self,
        address: ZookeeperAddress,
        cluster: str,
        *,
        session_timeout: float = 6.0,
        makes_path: bool = False,
    ) -> None:
        self._address = address
        self._nodes = f"/{cluster}/nodes"
        self._session_timeout = session_timeout
        self._makes_path = makes_path
        # Made by the first `connect`, since it belongs to an event loop.
        self._zookeeper: Zookeeper | None = None
        self._registrations: list[ZookeeperRegistration] = []
        self._memberships: list[ZookeeperMembership] = []

    async def connect(self, timeout: float | None) -> None:
        """Return when ZooKeeper answers; the attempts go on after an error.

        Raises:
            ServiceUnavailable: it did not answer in time, or does not let the path be made.
        """
        if self._zookeeper is None:
            self._zookeeper = Zookeeper(self._address, self._session_timeout)
        zookeeper = self._zookeeper
        zookeeper.start()
        await zookeeper.wait_connected(timeout)
        if self._makes_path:
            await zookeeper.ensure_path(self._nodes)

    @property
    def connected(self) -> bool:
        """Whether there is a connection with a session that can write."""
        return self._zookeeper is not None and self._zookeeper.state is SessionState.CONNECTED

    async def register(self, record: NodeRecord) -> ZookeeperRegistration:
        """Enter a node and keep it entered; returns when the entry stands.

        Raises:
            InvalidRecord: its node_id is no uuid, or the record is too large.
            ServiceUnavailable: `connect` has not been called.
        """
        registration = ZookeeperRegistration(self._session(), self._nodes, record)
        try:
            await registration.entered()
        except asyncio.CancelledError:
            await registration.remove()
            raise
        self._registrations.append(registration)
        return registration

    async def watch(
        self, *, loads: bool = False, known: Snapshot | None = None
    ) -> ZookeeperMembership:
        """Watch the entries; the first snapshot is what is known, or empty, and stale.

        Raises:
            ServiceUnavailable: `connect` has not been called. That it failed is no hindrance: the
                watch then begins when ZooKeeper answers.
        """
        membership = ZookeeperMembership(
            self._session(), self._nodes, loads=loads, window=self._session_timeout, known=known
        )
        self._memberships.append(membership)
        return membership

    async def close(self) -> None:
        """End every watch, remove every own entry, and end the session."""
        for membership in self._memberships:
            await membership.close()
        await asyncio.gather(*(registration.remove() for registration in self._registrations))
        if self._zookeeper is not None:
            await self._zookeeper.close()
            self._zookeeper = None

    def _session(self) -> Zookeeper:
        if self._zookeeper is None:
            raise ServiceUnavailable("ZooKeeper", str(self._address), "connect() it first")
        return self._zookeeper

"""Ask a ZooKeeper what it is, and try what a node does with it. Nothing is left there."""

import asyncio
import time
from dataclasses import replace
from uuid import uuid4

from cluster.address import ZookeeperAddress, parse_host_port
from cluster.errors import ServiceUnavailable
from cluster.zookeeper import Zookeeper
from server.doctor.clock import Skew
from server.doctor.zookeeper import ZookeeperFacts
from server.doctor.zookeeper_words import Granted, ask_srvr, shake_hands


async def ask_zookeeper(
    address: ZookeeperAddress, cluster: str, session_timeout: float, timeout: float
) -> ZookeeperFacts:
    """Return what there is to know of an ensemble.

    Args:
        address: the ensemble, with its chroot.
        cluster: below whose path a znode is tried.
        session_timeout: seconds, what a node asks for.
        timeout: seconds for each of the questions; one that is not answered by then counts as not
            answered at all.
    """
    places = address.hosts.split(",")
    answers = await asyncio.gather(*(_srvr(place, timeout) for place in places))
    servers = dict(zip(places, answers, strict=True))
    alive = next((place for place, answer in servers.items() if answer is not None), None)
    granted = None if alive is None else await _granted(alive, session_timeout, timeout)
    facts = ZookeeperFacts(
        address, f"/{cluster}/nodes", session_timeout, servers=servers, granted=granted
    )
    zookeeper = Zookeeper(ZookeeperAddress(address.hosts), timeout)
    zookeeper.start()
    try:
        await zookeeper.wait_connected(timeout)
        return await _try_out(zookeeper, facts)
    except ServiceUnavailable as exc:
        return replace(facts, failure=exc.reason)
    finally:
        await zookeeper.close()


async def _srvr(place: str, timeout: float) -> str | None:
    """Return what a server says to `srvr`; None if it does not answer in time."""
    try:
        async with asyncio.timeout(timeout):
            return await ask_srvr(*parse_host_port(place))
    except OSError:  # TimeoutError is one
        return None


async def _granted(place: str, session_timeout: float, timeout: float) -> Granted | None:
    try:
        async with asyncio.timeout(timeout):
            return await shake_hands(*parse_host_port(place), session_timeout)
    except OSError:  # TimeoutError is one
        return None


async def _try_out(zookeeper: Zookeeper, facts: ZookeeperFacts) -> ZookeeperFacts:
    """Return the facts, completed by what a session without a chroot shows.

    Raises:
        ServiceUnavailable: it does not answer any more.
    """
    chroot = facts.address.chroot
    if chroot and await zookeeper.owner(chroot) is None:
        return replace(facts, chroot=False)
    facts = replace(facts, chroot=True if chroot else None)
    parent = await _nearest(zookeeper, chroot, facts.path)
    try:
        return replace(facts, trial="", skew=await _make_and_delete(zookeeper, parent))
    except ServiceUnavailable as exc:
        return replace(facts, trial=exc.reason)


async def _nearest(zookeeper: Zookeeper, chroot: str, path: str) -> str:
    """Return the cluster's path, or what exists of it: nothing is made that would stay."""
    while path and await zookeeper.owner(chroot + path) is None:
        path = path.rpartition("/")[0]
    return chroot + path


async def _make_and_delete(zookeeper: Zookeeper, parent: str) -> Skew | None:
    """Make, read and delete a znode, whose name no node has; it would go with the session.

    Raises:
        ServiceUnavailable: with what was refused.
    """
    before = time.time()
    path = await zookeeper.create(f"{parent}/doctor-{uuid4()}-", b"")
    after = time.time()
    await zookeeper.get(path)
    created = await zookeeper.created(path)
    await zookeeper.delete(path)
    return None if created is None else Skew.measured(before, created, after)

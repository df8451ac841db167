"""A small asyncio client for ZooKeeper; the only module that imports kazoo and knows of threads.

Kazoo runs a thread for the connection, one for replies and one for watch events. They reach the
event loop through `_post` alone, and nothing here ever blocks the loop:

- Kazoo wakes its connection's thread by a byte on a *blocking* socket pair. Some 278 unread ones
  fill it, and the next call then blocks for as long as nobody reads, which is for ever while the
  connection is down. So at most `_SLOTS` calls are under way, and none begins without a connection.
- Kazoo reports LOST only after it has reconnected. Here a timer declares it.
- An exception that kazoo does not expect ends its client for good. `_supervise` builds another.
- Replies and watch events come from two threads: an event can overtake the reply that armed it.
  So mark what is stale as seen *before* reading it again, not after.

Requests of one session are carried out in the order in which they were made (ZooKeeper's guarantee
"sequential consistency"). What was asked for before a failure, and may still be carried out, is
therefore visible to every later request, once `sync` has returned.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from kazoo.client import KazooClient, KeeperState
from kazoo.exceptions import NoNodeError

from cluster.address import ZookeeperAddress
from cluster.backoff import equal_jitter
from cluster.errors import ServiceUnavailable
from cluster.listeners import Listeners
from cluster.zookeeper_silence import why_silent

Watch = Callable[[str], None]

# How kazoo tries to reconnect: its own default waits up to an hour between two attempts.
_RECONNECT = {"max_tries": -1, "delay": 0.2, "backoff": 2, "max_delay": 2}
_SLOTS = 64
# Seconds between two looks at whether kazoo's client is still alive.
_LOOK_EVERY = 5.0
# Seconds to wait for the end of the session, if there is one to be ended.
_CLOSE_WITHIN = 2.0

_log = logging.getLogger(__name__)


class SessionState(Enum):
    """How the session stands."""

    # The server answers, and takes writes.
    CONNECTED = "connected"
    # The connection is down; the session, with its ephemeral znodes, may still live.
    SUSPENDED = "suspended"
    # The session has expired, or has had no connection for the session timeout.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class _EventWatch:
    """A watch as kazoo calls it, on its own thread.

    Equal for equal functions: kazoo keeps watches in sets, so one that is armed again before it
    fired is not called twice.
    """

    client: "Zookeeper"
    watch: Watch

    def __call__(self, event: Any) -> None:
        # Without a path it is kazoo's word that the connection is gone, and every watch with it.
        # Listeners to the state know that already.
        if event.path is not None:
            self.client._post(self.watch, self.client._inner(event.path))


class Zookeeper:
    """A session with an ensemble, renewed for as long as it is not closed.

    Paths are those below the address's chroot. Every call raises `ServiceUnavailable` if there is
    no connection, or no answer within the session timeout; what it asked for may still happen.
    """

    def __init__(self, address: ZookeeperAddress, session_timeout: float) -> None:
        self._address = address
        self._session_timeout = session_timeout
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(_SLOTS)
        # Set by `_enter`, and by nothing else.
        self.state = SessionState.LOST
        # The session that the last connection had; None before the first.
        self.session_id: int | None = None
        # Told of every change of `state`, and of every new connection.
        self.states = Listeners[SessionState]()
        self._connected = asyncio.Event()
        # Declares the session lost; runs while it is suspended.
        self._timer: asyncio.TimerHandle | None = None
        # The client in use, set by `_supervise`; None before the first and after the end.
        self._client: KazooClient | None = None
        # Set when that client has ended for good.
        self._dead = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect, and go on until closed; safe to call twice."""
        if self._supervisor is None:
            self._supervisor = asyncio.create_task(self._supervise(), name="zookeeper")

    async def wait_connected(self, timeout: float | None) -> None:
        """Return when there is a connection.

        Args:
            timeout: seconds; None to wait for ever.

        Raises:
            ServiceUnavailable: there was none in time, and why. The attempts go on.
        """
        half = None if timeout is None else timeout / 2
        if half is None or await self._connects_within(half):
            await self._connected.wait()
            return
        look = asyncio.create_task(why_silent(self._address.hosts, half))
        try:
            if not await self._connects_within(half):
                raise self.unavailable(await look)
        finally:
            look.cancel()

    async def _connects_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._connected.wait()
        return self._connected.is_set()

    async def close(self) -> None:
        """End the session, and with it its ephemeral znodes; safe to call twice."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])
            self._supervisor = None
        client, self._client = self._client, None
        if client is None:
            return
        ended = self._discard(client)
        # Without a connection there is nobody to take leave of.
        wait = _CLOSE_WITHIN if self.state is SessionState.CONNECTED else 0.0
        self._enter(SessionState.LOST)
        await asyncio.wait([ended], timeout=wait)

    async def ensure_path(self, path: str) -> None:
        """Create a persistent znode and all its parents, the chroot's too, where missing."""
        full = self._full(path)
        try:
            await self._call(lambda client: client.ensure_path_async(full))
        except NoNodeError as exc:
            raise self.unavailable(f"{full}: its parent was deleted meanwhile") from exc

    async def create(self, prefix: str, data: bytes) -> str:
        """Create an ephemeral sequential znode; return its path.

        After an error it may exist all the same, or come to exist: look for it.
        """
        full = self._full(prefix)
        try:
            made: str = await self._call(
                lambda client: client.create_async(full, data, ephemeral=True, sequence=True)
            )
        except NoNodeError as exc:
            raise self.unavailable(f"{full}: its parent is missing") from exc
        return self._inner(made)

    async def owner(self, path: str, watch: Watch | None = None) -> int | None:
        """Return the id of the session that an ephemeral znode goes with.

        It is 0 for a persistent znode, and None if there is no such znode.

        Args:
            path: of the znode.
            watch: called once with the path, when the znode is created, changed or deleted.
        """
        full = self._full(path)
        stat = await self._call(lambda client: client.exists_async(full, self._armed(watch)))
        return None if stat is None else int(stat.ephemeralOwner)

    async def created(self, path: str) -> float | None:
        """Return when a znode was made, by the leader's clock in seconds; None if there is none."""
        full = self._full(path)
        stat = await self._call(lambda client: client.exists_async(full))
        return None if stat is None else float(stat.created)

    async def get(self, path: str, watch: Watch | None = None) -> bytes | None:
        """Return what a znode holds; None if there is no such znode.

        Args:
            path: of the znode.
            watch: called once with the path, when the znode is changed or deleted; not armed if
                there is none.
        """
        full = self._full(path)
        try:
            data, _stat = await self._call(
                lambda client: client.get_async(full, self._armed(watch))
            )
        except NoNodeError:
            return None
        return bytes(data or b"")

    async def set(self, path: str, data: bytes) -> bool:
        """Replace what a znode holds; return whether there is such a znode."""
        full = self._full(path)
        try:
            await self._call(lambda client: client.set_async(full, data))
        except NoNodeError:
            return False
        return True

    async def delete(self, path: str) -> bool:
        """Delete a znode without children; return whether there was such a znode."""
        full = self._full(path)
        try:
            await self._call(lambda client: client.delete_async(full))
        except NoNodeError:
            return False
        return True

    async def get_children(self, path: str, watch: Watch | None = None) -> list[str] | None:
        """Return the names of a znode's children; None if there is no such znode.

        Args:
            path: of the parent.
            watch: called once with the path, when a child comes or goes or the parent is deleted;
                not armed if there is no parent.
        """
        full = self._full(path)
        try:
            names = await self._call(
                lambda client: client.get_children_async(full, self._armed(watch))
            )
        except NoNodeError:
            return None
        return list(names)

    async def sync(self, path: str) -> None:
        """Let the server catch up with the leader, so that later reads see all earlier writes."""
        full = self._full(path)
        await self._call(lambda client: client.sync_async(full))

    def unavailable(self, reason: str) -> ServiceUnavailable:
        """Return the error that says why the ensemble could not be used."""
        return ServiceUnavailable("ZooKeeper", str(self._address), reason)

    def _full(self, path: str) -> str:
        return self._address.chroot + path

    def _inner(self, path: str) -> str:
        return path.removeprefix(self._address.chroot)

    def _armed(self, watch: Watch | None) -> _EventWatch | None:
        return None if watch is None else _EventWatch(self, watch)

    async def _call(self, request: Callable[[KazooClient], Any]) -> Any:
        """Make a request and wait for its reply; let `NoNodeError` through to the caller."""
        async with self._slots:
            client = self._client
            if client is None or self.state is not SessionState.CONNECTED:
                raise self.unavailable("not connected")
            reply = self._loop.create_future()
            request(client).rawlink(partial(self._post, _settle, reply))
            try:
                async with asyncio.timeout(self._session_timeout):
                    return await reply
            except NoNodeError:
                raise
            except TimeoutError as exc:
                raise self.unavailable(f"no answer within {self._session_timeout:g} s") from exc
            except Exception as exc:  # whatever the library makes of a broken reply
                raise self.unavailable(f"{type(exc).__name__} {exc}".strip()) from exc

    def _post(self, function: Callable[..., object], *args: object) -> None:
        """Call a function in the event loop; for kazoo's threads."""
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:
            # The loop has ended, and with it everyone who wanted to know.
            _log.debug("an event came after the end of the loop")

    async def _supervise(self) -> None:
        pauses = equal_jitter(0.5, 5.0)
        while True:
            self._dead.clear()
            self._client = client = self._build()
            try:
                client.start_async()
                await self._until_dead(client)
            except Exception:
                _log.exception("could not start a client for ZooKeeper at %s", self._address)
            _log.warning("the client for ZooKeeper at %s ended, building another", self._address)
            self._enter(SessionState.LOST)
            self._discard(client)
            await asyncio.sleep(next(pauses))

    def _build(self) -> KazooClient:
        client = KazooClient(
            self._address.hosts, timeout=self._session_timeout, connection_retry=_RECONNECT
        )

        def changed(_state: str) -> None:
            identity = client.client_id
            session_id = identity[0] if identity else None
            self._post(self._follow, client, client.client_state, session_id)

        client.add_listener(changed)
        return client

    async def _until_dead(self, client: KazooClient) -> None:
        """Return when kazoo has given up.

        It says so, except when it does while the session is lost already. It is also CLOSED while
        it cannot resolve any host; a new client does no harm then.
        """
        looks = 0
        while looks < 2 and not self._dead.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._dead.wait()
            looks = looks + 1 if client.client_state == KeeperState.CLOSED else 0

    def _follow(self, client: KazooClient, keeper_state: str, session_id: int | None) -> None:
        """Take over a change of kazoo's state."""
        if client is not self._client:
            return
        if keeper_state == KeeperState.CONNECTED:
            self.session_id = session_id
            self._enter(SessionState.CONNECTED)
        elif keeper_state in (KeeperState.CONNECTING, KeeperState.CONNECTED_RO):
            self._enter(SessionState.SUSPENDED)
        else:
            self._enter(SessionState.LOST)
            if keeper_state != KeeperState.EXPIRED_SESSION:
                self._dead.set()

    def _enter(self, state: SessionState) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if state is SessionState.SUSPENDED:
            self._timer = self._loop.call_later(
                self._session_timeout, self._enter, SessionState.LOST
            )
        changed, self.state = state is not self.state, state
        if state is SessionState.CONNECTED:
            self._connected.set()
        else:
            self._connected.clear()
        if changed or state is SessionState.CONNECTED:
            self.states.tell(state)

    def _discard(self, client: KazooClient) -> asyncio.Future[None]:
        """End a client on a thread of its own; the future is done when it has ended.

        `stop` joins threads for up to the session timeout. `asyncio.to_thread` would make the
        process wait for it at its end; a daemon thread goes with the process.
        """
        ended: asyncio.Future[None] = self._loop.create_future()

        def end() -> None:
            try:
                client.stop()
                client.close()
            except Exception:
                _log.debug("a client for ZooKeeper did not end cleanly", exc_info=True)
            self._post(_settle_done, ended)

        threading.Thread(target=end, name="zookeeper-end", daemon=True).start()
        return ended


def _settle(reply: asyncio.Future[Any], result: Any) -> None:
    """Hand kazoo's result to who waits for it, if anyone still does."""
    if reply.done():
        return
    if result.exception is None:
        reply.set_result(result.value)
    else:
        reply.set_exception(result.exception)


def _settle_done(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)

"""A node's own znode, kept true. It is a loop that verifies, not a handler that hopes.

    verified   the znode exists, goes with *this* session and was made in the state that the node
               is in: nothing to do but to write what else has changed
    otherwise  1. `sync`, so that whatever an earlier attempt may have created shows
               2. look for znodes with this incarnation in their name
               3. take the one of this session that holds the state, else create one
               4. delete the others: this incarnation's from an earlier session, those in another
                  state, or a second one

The name holds a uuid, so a create whose reply was lost is found in step 2, and never made twice.
Creating comes before deleting: watchers must not see the node leave.

A znode never changes its state: most watchers read each znode once, when it appears, and would go
on picking a node that drains. A new state enters the node anew, which they see, and of the two
znodes of an incarnation they hold to the newest (`cluster.members.arrange`).
"""

import asyncio
import logging

from cluster.errors import InvalidRecord, ServiceUnavailable
from cluster.keeper import Keeper
from cluster.members import read_member, write_member
from cluster.record import NodeRecord
from cluster.zookeeper import SessionState, Zookeeper

# Seconds between two looks at a znode that nothing was heard of.
_VERIFY_EVERY = 10.0
# Seconds to spend on deleting the znode; after that it goes with its session.
_REMOVE_WITHIN = 3.0
_REMOVE_AGAIN = 0.2

_log = logging.getLogger(__name__)


class ZookeeperRegistration:
    """A node's own entry; see `cluster.registry.Registration`.

    Raises:
        InvalidRecord: the record can't be entered.
    """

    def __init__(self, zookeeper: Zookeeper, parent: str, record: NodeRecord) -> None:
        self._zookeeper = zookeeper
        self._parent = parent
        self._prefix, self._data = write_member(record)
        # The state in `_data`; set together with it.
        self._state = record.state
        # The znode, once it has been created or found; None while that is uncertain.
        self._path: str | None = None
        # The state that the znode was made in, and has for as long as it stands.
        self._entered_state = record.state
        # What the znode is known to hold; None if that is uncertain.
        self._written: bytes | None = None
        self._entered = asyncio.Event()
        self._removed = False
        self._keeper = Keeper(f"registration of {record.node_id}", self._make_true)
        self._forget_state = zookeeper.states.add(self._follow)
        self._keeper.start()

    async def entered(self) -> None:
        """Return when the entry has stood for the first time."""
        await self._entered.wait()

    def update(self, record: NodeRecord) -> None:
        """Replace the record; the znode follows, or another in its place if the state is new.

        Raises:
            InvalidRecord: the record can't be entered.
            ValueError: it is another node's.
        """
        prefix, data = write_member(record)
        if prefix != self._prefix:
            raise ValueError(f"{record.node_id} is not the node that was registered")
        self._data, self._state = data, record.state
        self._keeper.wake()

    async def remove(self) -> None:
        """Delete the znode and stop keeping it; see `cluster.registry.Registration`."""
        if self._removed:
            return
        self._removed = True
        self._forget_state()
        await self._keeper.stop()
        try:
            async with asyncio.timeout(_REMOVE_WITHIN):
                await self._delete_all()
        except TimeoutError:
            _log.warning("could not delete %s; it goes with its session", self._path)

    def _follow(self, state: SessionState) -> None:
        if state is SessionState.CONNECTED:
            self._keeper.wake()

    def _changed(self, _path: str) -> None:
        self._keeper.wake()

    async def _make_true(self) -> float:
        if not await self._verified():
            await self._enter()
            if not await self._verified():
                self._keeper.wake()
                return _VERIFY_EVERY
        await self._write()
        self._entered.set()
        return _VERIFY_EVERY

    async def _verified(self) -> bool:
        """Tell whether the znode stands, is this session's and holds the state.

        Be woken when it changes.
        """
        if self._path is None or self._entered_state != self._state:
            return False
        owner = await self._zookeeper.owner(self._path, self._changed)
        return owner is not None and owner == self._zookeeper.session_id

    async def _enter(self) -> None:
        self._path = self._written = None
        await self._zookeeper.ensure_path(self._parent)
        await self._zookeeper.sync(self._parent)
        found = await self._find()
        data, state = self._data, self._state
        path = await self._find_in(state, found)
        if path is None:
            path = await self._zookeeper.create(f"{self._parent}/{self._prefix}", data)
            self._written = data
        _log.info("registered as %s, %s", path, state)
        for other, _owner in found:
            if other != path:
                await self._zookeeper.delete(other)
        # Not before: a delete that fails must bring the next run here again.
        self._path, self._entered_state = path, state

    async def _find_in(self, state: str, found: list[tuple[str, int]]) -> str | None:
        """Return the one of these znodes that is this session's and was made in a state."""
        for path, owner in found:
            if owner == self._zookeeper.session_id:
                data = await self._zookeeper.get(path)
                if data is not None and _state_in(path, data) == state:
                    return path
        return None

    async def _write(self) -> None:
        data = self._data
        if self._entered_state != self._state:
            return  # it has just changed, and `update` has seen to another run
        if data == self._written or self._path is None:
            return
        self._written = None
        if await self._zookeeper.set(self._path, data):
            self._written = data
        else:
            self._keeper.wake()

    async def _find(self) -> list[tuple[str, int]]:
        """Return path and owner of every znode of this incarnation."""
        found = []
        for name in await self._zookeeper.get_children(self._parent) or ():
            if name.startswith(self._prefix):
                path = f"{self._parent}/{name}"
                owner = await self._zookeeper.owner(path)
                if owner is not None:
                    found.append((path, owner))
        return found

    async def _delete_all(self) -> None:
        """Delete every znode of this incarnation, however long it takes."""
        while True:
            try:
                for path, _owner in await self._find():
                    await self._zookeeper.delete(path)
                return
            except ServiceUnavailable as exc:
                _log.debug("deleting %s: %s; trying again", self._path, exc)
            await asyncio.sleep(_REMOVE_AGAIN)


def _state_in(path: str, data: bytes) -> str | None:
    """Return the state that a znode holds; None if it holds no record."""
    try:
        return read_member(path.rpartition("/")[2], data).record.state
    except InvalidRecord:
        return None

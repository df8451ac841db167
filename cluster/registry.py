"""What a registry is: the place where living nodes stand, and the means to watch it.

Backends: `registry_zookeeper` (ephemeral znodes) and `registry_memory` (one process). One contract
suite, `tests/contract/test_registry.py`, runs against both.
"""

from collections.abc import Callable
from typing import Protocol

from cluster.record import NodeRecord
from cluster.snapshot import Snapshot

Listener = Callable[[Snapshot], None]


class Registration(Protocol):
    """A node's own entry. It is kept true in the background until it is removed."""

    def update(self, record: NodeRecord) -> None:
        """Replace the record; returns at once, the registry follows.

        Repeated calls before it has followed are merged: the last one counts. Every watch sees a
        new state; the rest of a record is followed only by watches with `loads`.
        """

    async def remove(self) -> None:
        """Take the entry out and stop keeping it true; safe to call twice.

        Returns when it is gone, or after a few seconds if the registry does not answer: the
        entry then goes with the session.
        """


class Membership(Protocol):
    """A watch over all entries. It never ends by itself, whatever the registry does."""

    @property
    def snapshot(self) -> Snapshot:
        """The list as it is known now."""

    @property
    def bad_records(self) -> int:
        """How many entries were passed over so far because they held no record."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` in the event loop after every change of list or staleness.

        Returns a function that ends the subscription. An error raised by a listener is logged
        and does not reach the others.
        """

    async def wait_ready(self, timeout: float) -> Snapshot:
        """Return the first snapshot that the registry has confirmed.

        Raises:
            ServiceUnavailable: there was none within `timeout` seconds.
        """

    async def close(self) -> None:
        """End the watch; the last snapshot stays readable."""


class Registry(Protocol):
    """One cluster's registry. Methods are for the event loop in which `connect` was called."""

    async def connect(self, timeout: float | None) -> None:
        """Return when the registry answers.

        Args:
            timeout: seconds to keep trying; None to try for ever.

        Raises:
            ServiceUnavailable: it did not answer in time. Trying again is allowed.
        """

    @property
    def connected(self) -> bool:
        """Whether the registry answers now."""

    async def register(self, record: NodeRecord) -> Registration:
        """Enter a node and keep it entered; returns when the entry stands."""

    async def watch(self, *, loads: bool = False, known: Snapshot | None = None) -> Membership:
        """Watch the entries.

        Args:
            loads: also follow changes within a record (load, weight), which costs one watch per
                node. Without it an entry is read once, when it appears; a new `state` is seen
                either way, since it enters the node anew.
            known: the list of an earlier watch, to begin with until the registry has shown its
                own; None to begin with an empty one.
        """

    async def close(self) -> None:
        """End every watch, remove every own entry, and let go of the registry."""

"""Whether to believe that nodes have left. Pure; it asks nobody, and takes the time as argument.

An entry that is missing means that a node has left, or that the registry has lost it. One node
that leaves is daily life: it is taken at its word at once, so that a cluster of two forgets a dead
node as fast as one of a hundred. A departure is *doubted* if

- at least two nodes, and as many as remain, have left within `window` seconds. Not within one
  list, since sessions that lose their connection together expire some ticks apart; those who left
  first within the window are then doubted too, and so come back.
- nobody remains.
- the watcher itself has just been cut off from the registry: the nodes may have been too, and be
  about to register again.

A doubted node stays in the list until it is entered again, another is entered at its address, or
it is confirmed gone.
"""

from collections.abc import Iterable

from cluster.members import Member


class Departures:
    """Who has left lately, and of whom it is doubted.

    Args:
        window: seconds within which departures count as one event; not less than it can take two
            sessions to expire after the same failure.
        listed: who was there at the end of an earlier watch.
    """

    def __init__(self, window: float, listed: tuple[Member, ...] = ()) -> None:
        self._window = window
        # The last list.
        self._listed = listed
        # Who left within the window and was believed, with the time; by node_id.
        self._left: dict[str, tuple[float, Member]] = {}
        # Who left and was not believed; by node_id.
        self._doubted: dict[str, Member] = {}

    @property
    def doubted(self) -> tuple[Member, ...]:
        """Those who have left the registry, and may live all the same."""
        return tuple(self._doubted.values())

    def note(self, listed: tuple[Member, ...], now: float, *, trusted: bool = True) -> None:
        """Take in a list.

        Args:
            listed: what the registry shows.
            now: in seconds, of any clock that does not jump.
            trusted: False if every departure is to be doubted.
        """
        here = _names(listed)
        left = {key: value for key, value in self._left.items() if now - value[0] <= self._window}
        left |= {m.record.node_id: (now, m) for m in self._listed}
        self._left = {key: value for key, value in left.items() if not _is_in(value[1], here)}
        self._doubted = {key: m for key, m in self._doubted.items() if not _is_in(m, here)}
        for node_id in self._doubted:
            self._left.pop(node_id, None)
        self._listed = listed
        if not trusted or self._too_many(len(listed)):
            self._doubted |= {key: member for key, (_, member) in self._left.items()}
            self._left.clear()

    def confirm(self, node_ids: Iterable[str]) -> None:
        """Believe that these nodes are gone."""
        for node_id in node_ids:
            self._doubted.pop(node_id, None)

    def _too_many(self, remaining: int) -> bool:
        gone = len(self._left) + len(self._doubted)
        return gone >= remaining and (gone >= 2 or remaining == 0)


def _names(members: Iterable[Member]) -> set[object]:
    return {
        name
        for member in members
        for name in (member.record.node_id, (member.record.host, member.record.port))
    }


def _is_in(member: Member, names: set[object]) -> bool:
    record = member.record
    return record.node_id in names or (record.host, record.port) in names

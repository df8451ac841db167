"""The resolver for addresses like `ws://NODE,ws://NODE`: the nodes named, and no others."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from balancer.picker import Picker
from client_sdk.resolver import Candidate
from cluster.record import NodeRecord
from cluster.snapshot import Snapshot


class StaticResolver:
    """Picks from a fixed list of urls."""

    def __init__(self, urls: Sequence[str], picker: Picker, key: str | None) -> None:
        """Pick from `urls`, each there once.

        Args:
            urls: what to connect to.
            picker: orders them, and remembers failures.
            key: what a sticky policy sticks to.
        """
        self._picker = picker
        self._key = key
        records = tuple(_record(url) for url in urls)
        self._snapshot = Snapshot(records, version=1, stale=False)

    async def candidates(self, timeout: float) -> list[Candidate]:
        """Return all urls; see `Resolver.candidates`. Never fails."""
        records = self._picker.candidates(self._snapshot, self._key)
        return [Candidate(record.url, record.node_id) for record in records]

    def failed(self, url: str) -> None:
        """Learn that a node failed."""
        self._picker.failed(url)

    def succeeded(self, url: str) -> None:
        """Learn that a node works."""
        self._picker.succeeded(url)

    async def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


def _record(url: str) -> NodeRecord:
    """Make the record that such a node would have; its incarnation is not known, its url is."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    return NodeRecord(node_id=url, host=parts.hostname or "", port=port, url=url)

"""Records for the tests of the registry."""

import uuid

from cluster.record import NodeRecord


def make_record(**changes: object) -> NodeRecord:
    """Return a record of a node that has just started; every call makes another incarnation."""
    fields: dict[str, object] = {
        "node_id": str(uuid.uuid4()),
        "host": "127.0.0.1",
        "port": 7177,
    } | changes
    fields.setdefault("url", f"ws://{fields['host']}:{fields['port']}/ws")
    return NodeRecord(**fields)  # type: ignore[arg-type]

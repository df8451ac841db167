"""What the bus within one process does beyond the contract."""

from server.bus_memory import MemoryBus, MemoryExchange
from tests.services import eventually


def ignore(_value: object) -> None:
    pass


async def test_publish_does_not_call_the_receiver_itself() -> None:
    bus, seen = MemoryBus(MemoryExchange(), "a"), list[bytes]()
    await bus.open(seen.append, ignore)
    assert bus.publish(b"x", None)
    assert not seen
    await eventually(lambda: seen == [b"x"])


async def test_only_the_named_nodes_get_a_batch() -> None:
    exchange = MemoryExchange()
    seen: dict[str, list[bytes]] = {"a": [], "b": [], "c": []}
    buses = {node_id: MemoryBus(exchange, node_id) for node_id in seen}
    for node_id, bus in buses.items():
        await bus.open(seen[node_id].append, ignore)
    assert buses["a"].publish(b"x", frozenset({"b", "gone"}))
    assert buses["a"].publish(b"y", None)
    await eventually(lambda: seen == {"a": [b"y"], "b": [b"x", b"y"], "c": [b"y"]})


async def test_what_waits_at_a_close_is_dropped() -> None:
    exchange, seen, later = MemoryExchange(), list[bytes](), list[bytes]()
    closing, staying = MemoryBus(exchange, "a"), MemoryBus(exchange, "b")
    await closing.open(seen.append, ignore)
    await staying.open(later.append, ignore)
    staying.publish(b"x", None)
    await closing.close()
    await eventually(lambda: later == [b"x"])
    assert not seen


async def test_a_successor_of_the_same_name_is_left_alone() -> None:
    exchange, seen = MemoryExchange(), list[bytes]()
    first, second = MemoryBus(exchange, "a"), MemoryBus(exchange, "a")
    await first.open(ignore, ignore)
    await second.open(seen.append, ignore)
    await first.close()
    assert second.publish(b"x", None)
    await eventually(lambda: seen == [b"x"])

"""What only the memory directory does; the rest stands in `tests/contract/test_directory.py`."""

from server.directory_memory import MemoryDirectory
from server.memory_store import MemoryStore


async def test_a_user_without_channels_takes_no_memory() -> None:
    store = MemoryStore()
    directory = MemoryDirectory(store, "n1")
    await directory.add("bob", "c1")
    await directory.remove("bob", "c1", last=True)
    await directory.lookup(["alice", "bob"])
    assert store.channels == {}


async def test_what_is_looked_up_is_a_copy() -> None:
    directory = MemoryDirectory(MemoryStore(), "n1")
    await directory.add("bob", "c1")
    (channels,) = await directory.lookup(["bob"])
    channels.clear()
    assert await directory.lookup(["bob"]) == [{"c1": "n1"}]

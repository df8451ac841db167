"""The names of the keys, as `docs/data-model.md` has them."""

from server.redis_keys import RedisKeys


def test_what_belongs_to_a_user_is_hash_tagged_by_the_user() -> None:
    keys = RedisKeys("im")
    names = [
        make("bob") for make in (keys.channels, keys.head, keys.inbox, keys.cursors, keys.producers)
    ]
    assert names == [
        "im:{bob}:channels",
        "im:{bob}:head",
        "im:{bob}:inbox",
        "im:{bob}:cursors",
        "im:{bob}:producers",
    ]


def test_what_belongs_to_the_cluster_bears_its_name() -> None:
    keys = RedisKeys("blue")
    assert (keys.epoch, keys.nodes, keys.node("n1")) == ("blue:epoch", "blue:nodes", "blue:node:n1")

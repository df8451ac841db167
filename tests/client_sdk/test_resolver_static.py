"""The fixed list: a policy picks from it as from any other."""

from balancer.picker import Picker
from client_sdk.resolver_static import StaticResolver


def resolver(policy: str, key: str | None) -> StaticResolver:
    urls = [f"ws://n{n}:1/ws" for n in range(5)]
    return StaticResolver(urls, Picker(policy, random=lambda: 0.0), key)


async def test_round_robin_turns() -> None:
    static = resolver("round_robin", None)
    firsts = [(await static.candidates(1.0))[0].url for _ in range(10)]
    assert len(set(firsts[:5])) == 5
    assert firsts[5:] == firsts[:5]


async def test_a_key_sticks() -> None:
    for policy, key in (("consistent_hash", "bob"), ("ip_hash", "10.0.0.1")):
        firsts = {(await resolver(policy, key).candidates(1.0))[0].url for _ in range(5)}
        assert len(firsts) == 1

"""Every kind of fault has its traits, and the possible ones fit the services."""

from __future__ import annotations

from scripts.chaos_lib.faults import TRAITS, Fault, Kind, possible_kinds
from scripts.trial_lib.target import SERVICES, Target


def test_every_kind_has_traits() -> None:
    assert set(TRAITS) == set(Kind)
    for kind, traits in TRAITS.items():
        assert 0 < traits.least <= traits.most
        assert traits.target in kind or kind is Kind.LEAVE


def test_what_belongs_to_somebody_else_is_only_cut_off() -> None:
    own, foreign = possible_kinds(), possible_kinds(frozenset(SERVICES))
    assert {kind for kind in foreign if kind not in own} == {
        Kind.CUT_ZOOKEEPER,
        Kind.CUT_REDIS,
        Kind.CUT_RABBITMQ,
        Kind.SILENCE_ZOOKEEPER,
        Kind.SILENCE_REDIS,
        Kind.SILENCE_RABBITMQ,
    }
    assert {kind for kind in own if TRAITS[kind].target in SERVICES} == {
        Kind.KILL_RABBITMQ,
        Kind.FREEZE_RABBITMQ,
        Kind.BLOCK_RABBITMQ,
        Kind.KILL_REDIS,
        Kind.FREEZE_REDIS,
        Kind.FREEZE_ZOOKEEPER,
        Kind.RESTART_ZOOKEEPER,
    }


def test_one_foreign_service_leaves_the_others_alone() -> None:
    kinds = possible_kinds(frozenset({Target.REDIS}))
    assert Kind.CUT_REDIS in kinds
    assert Kind.KILL_REDIS not in kinds
    assert Kind.KILL_RABBITMQ in kinds


def test_a_fault_tells_what_it_is() -> None:
    assert str(Fault(3.0, Kind.KILL_NODE, 1, 4.2)) == "   3.0 s  kill-node 2 for 4.2 s"
    assert Fault(3.0, Kind.KILL_NODE, 1, 4.2).target == "node 2"
    assert Fault(3.0, Kind.FREEZE_REDIS, None, 4.2).target == "redis"
    assert Fault(3.0, Kind.FREEZE_REDIS, None, 4.2).name == "freeze-redis"

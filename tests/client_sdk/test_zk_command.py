"""`--zk` with and without a value in front of arguments."""

import pytest

from client_sdk.zk_command import spell_out_zk


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--zk alice bob hi", "--zk=127.0.0.1:2181 alice bob hi"),
        ("--zk zk1:2181 alice bob hi", "--zk=zk1:2181 alice bob hi"),
        ("--zk zk1/im alice bob hi", "--zk=zk1/im alice bob hi"),
        ("--zk=zk1 alice bob hi", "--zk=zk1 alice bob hi"),
        ("alice bob hi --zk", "alice bob hi --zk=127.0.0.1:2181"),
        ("--zk --cluster x alice", "--zk=127.0.0.1:2181 --cluster x alice"),
        ("-- alice bob --zk", "-- alice bob --zk"),
        ("alice bob hi", "alice bob hi"),
        ("", ""),
    ],
)
def test_spelled_out(typed: str, meant: str) -> None:
    assert spell_out_zk(typed.split()) == meant.split()

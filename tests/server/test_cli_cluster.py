"""What commands that look at a whole cluster share."""

from __future__ import annotations

import asyncio

import click
import msgspec
import pytest
from click.testing import CliRunner

from cluster.record import NodeRecord
from server.cli import main
from server.cli_cluster import (
    NoAnswer,
    admin_session,
    another_node,
    ask,
    nobody,
    of_each,
    run,
    watching,
)
from tests.server.embedded import running
from tests.services import free_port

RECORD = NodeRecord(node_id="n1", host="h", port=1, url="ws://h:1/ws")


def test_without_zookeeper_it_says_how_to_get_one() -> None:
    async def look() -> None:
        async with watching(f"127.0.0.1:{free_port()}", "im", 0.2):
            raise AssertionError("nobody is there")

    with pytest.raises(click.ClickException, match="scripts/services up zookeeper"):
        run(look)


def test_an_empty_list_says_where_was_looked() -> None:
    told = nobody("zk1/prod", "im")
    assert "cluster 'im' at zk1:2181/prod" in told
    assert nobody(None, "im") == told.replace("zk1:2181/prod", "127.0.0.1:2181")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["trace", "--zk", "s-1"], "Missing argument 'ID'. The word after --zk"),
        (["drain", "--zk", "h:7177"], "Missing argument 'NODE'. The word after --zk"),
        (["drain"], "Missing argument 'NODE'.\n"),
    ],
)
def test_an_argument_that_was_taken_for_the_ensemble_is_told(typed: list[str], told: str) -> None:
    answer = CliRunner().invoke(main, typed, terminal_width=160)
    assert answer.exit_code == 2
    assert told in answer.output


async def test_the_first_list_is_there(zk_hosts: str, cluster_name: str) -> None:
    async with watching(zk_hosts, cluster_name) as membership:
        assert membership.snapshot.records == ()
        assert not membership.snapshot.stale


async def test_a_node_is_asked_through_its_admin_port() -> None:
    async with running() as [node], admin_session() as session:
        assert node.record is not None
        assert b'"healthy"' in await ask(session, node.record, "/healthz")


async def test_why_a_node_does_not_answer() -> None:
    async with admin_session() as session:
        with pytest.raises(NoAnswer, match="no admin port: start it with --admin-port"):
            await ask(session, RECORD, "/healthz")
        place = f"127.0.0.1:{free_port()}"
        record = msgspec.structs.replace(RECORD, admin=place)
        with pytest.raises(NoAnswer, match=f"does not answer at {place}: Connection refused"):
            await ask(session, record, "/healthz")
        assert "--admin-host" in str(another_node(record))


async def test_all_are_asked_at_once_and_each_has_its_answer() -> None:
    records = [msgspec.structs.replace(RECORD, node_id=f"n{n}") for n in range(3)]
    together = asyncio.Barrier(3)

    async def question(record: NodeRecord) -> str:
        await together.wait()
        if record.node_id == "n1":
            raise NoAnswer("away")
        return record.node_id

    first, second, third = await asyncio.wait_for(of_each(records, question), 10)
    assert (first, third) == ("n0", "n2")
    assert isinstance(second, NoAnswer)

"""The block for nginx: whatever the records hold, it is one upstream with each node once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.nginx_upstream import (
    METHODS,
    Upstream,
    changes,
    check_upstream,
    render,
)
from cluster.address import is_plain_host
from cluster.errors import InvalidName
from cluster.record import NodeRecord
from tests.balancer.nodes import node

IM = Upstream("im", "round_robin", "im")

# All that may stand in the file beside comments: one block, and in it a method and servers.
_BLOCK = re.compile(
    r"upstream (?P<name>[\w.-]+) \{\n"
    r"(?:    (?P<method>ip_hash|least_conn);\n)?"
    r"(?P<servers>(?:    server [^\n]*;\n)+)\}\n"
)
_SERVER = re.compile(
    r"    server (?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d+)"
    r"(?: weight=(?P<weight>\d+))?(?P<down> down)?;"
)

Server = tuple[str, int, int, bool]


def parse(text: str) -> tuple[str, str | None, list[Server]]:
    """Return name, method and servers: host, port, weight, and whether it is down."""
    code = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    block = _BLOCK.fullmatch(code)
    assert block is not None, text
    servers = []
    for line in block["servers"].splitlines():
        server = _SERVER.fullmatch(line)
        assert server is not None, line
        host = server["host"].strip("[]")
        servers.append((host, int(server["port"]), int(server["weight"] or 1), bool(server[4])))
    return block["name"], block["method"], servers


def record(host: str, port: int = 7177, **fields: object) -> NodeRecord:
    """Return the record of a node at a host."""
    words = {"node_id": f"{host}:{port}", "url": "ws://x/ws", **fields}
    return NodeRecord(host=host, port=port, **words)  # type: ignore[arg-type]


def rendered(*records: NodeRecord, method: str = "round_robin") -> str:
    text = render(Upstream("im", method, "im"), records)
    assert text is not None
    return text


def test_the_whole_of_it() -> None:
    records = [
        record("10.0.0.2", weight=3),
        record("fd00::1", state="draining"),
        record("chat1.example", 80),
    ]
    assert render(Upstream("chat", "least_conn", "im"), records) == (
        "# Written by 'balancer nginx' from the nodes of the cluster 'im'.\n"
        "# It is replaced at their next change: edit the file that includes it.\n"
        "upstream chat {\n"
        "    least_conn;\n"
        "    server 10.0.0.2:7177 weight=3;\n"
        "    server chat1.example:80;\n"
        "    server [fd00::1]:7177 down;\n"
        "}\n"
    )


def test_no_node_gives_no_text() -> None:
    assert render(IM, []) is None
    assert render(IM, [record("a; }")]) is None


def test_load_zone_and_incarnation_do_not_change_it() -> None:
    one = record("10.0.0.1")
    other = record("10.0.0.1", node_id="another", load=500, zone="east", started=9.0)
    assert rendered(one) == rendered(other)


def test_a_restarted_node_keeps_its_place() -> None:
    a, b = record("10.0.0.1"), record("10.0.0.2")
    assert rendered(a, b) == rendered(b, a)


def test_with_ip_hash_the_order_is_that_of_the_registration() -> None:
    a, b = record("10.0.0.1"), record("10.0.0.2")
    _, method, servers = parse(rendered(b, a, method="ip_hash"))
    assert method == "ip_hash"
    assert [server[0] for server in servers] == ["10.0.0.2", "10.0.0.1"]


def test_of_two_at_one_address_the_last_counts() -> None:
    servers = parse(rendered(record("a", state="draining"), record("b"), record("a", weight=2)))[2]
    assert servers == [("a", 7177, 2, False), ("b", 7177, 1, False)]


def test_if_all_drain_none_is_down() -> None:
    servers = parse(rendered(record("a", state="draining"), record("b", state="draining")))[2]
    assert [down for *_, down in servers] == [False, False]


@pytest.mark.parametrize(
    ("states", "silent", "down"),
    [
        ("up up up", "a", [True, False, False]),
        ("up draining up", "a", [True, True, False]),
        ("up draining draining", "a", [True, False, False]),
        ("draining draining draining", "b", [False, True, False]),
        ("up draining up", "abc", [False, False, False]),
    ],
)
def test_silent_nodes_are_down_while_others_are_left(
    states: str, silent: str, down: list[bool]
) -> None:
    records = [
        record(host, node_id=host, state=state)
        for host, state in zip("abc", states.split(), strict=True)
    ]
    text = render(IM, records, silent)
    assert text is not None
    assert [is_down for *_, is_down in parse(text)[2]] == down


@pytest.mark.parametrize(
    "host",
    [
        *("a b", "a;", "a}", "a{", "a\nb", "$host", "a#", "-a", "a-", "[::1]", "::1%x;y"),
        # Before a colon and the port, nginx takes it for the path of a socket.
        *("unix", "UNIX", "unix:/run/x.sock"),
    ],
)
def test_hosts_that_could_say_more_are_left_out(host: str) -> None:
    assert [server[0] for server in parse(rendered(record(host), record("good.example")))[2]] == [
        "good.example"
    ]


@pytest.mark.parametrize("name", ["", "a b", "a;", "a{", "$x", "x" * 65, ".a"])
def test_names_that_could_say_more_are_refused(name: str) -> None:
    with pytest.raises(InvalidName, match="upstream must be"):
        check_upstream(name)


def test_names_of_upstreams() -> None:
    for name in ("im", "im.chat-1", "x" * 64):
        assert check_upstream(name) == name


hosts = st.one_of(
    st.text(min_size=1, max_size=20),
    st.ip_addresses().map(str),
    st.from_regex(r"[a-c]{1,2}(\.[a-c])?", fullmatch=True),
)
records_anywhere = st.lists(
    st.builds(
        record,
        hosts,
        st.integers(1, 65535),
        weight=st.integers(1, 1_000_000),
        state=st.sampled_from(["up", "draining"]),
    ),
    max_size=12,
)


@given(records_anywhere, st.sampled_from(METHODS))
def test_whatever_the_records_each_plain_node_stands_there_once(
    records: list[NodeRecord], method: str
) -> None:
    plain = {(r.host, r.port): r for r in records if is_plain_host(r.host)}
    text = render(Upstream("im", method, "im"), records)
    if text is None:
        assert not plain
        return
    name, told, servers = parse(text)
    assert (name, told) == ("im", None if method == "round_robin" else method)
    assert sorted((host, port, weight) for host, port, weight, _ in servers) == sorted(
        (host, port, r.weight) for (host, port), r in plain.items()
    )
    draining = {place for place, r in plain.items() if r.state == "draining"}
    down = {(host, port) for host, port, _, is_down in servers if is_down}
    assert down == (draining if len(draining) < len(plain) else set())


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(random: object) -> None:
    records = [node(name, port=port) for name, port in (("a", 1), ("b", 22), ("c", 3))]
    text = rendered(*records)
    random.shuffle(records)  # type: ignore[attr-defined]
    assert rendered(*records) == text


def test_changes_are_told_in_one_line() -> None:
    a, b, c = record("a"), record("b"), record("c", weight=2)
    drained = record("a", state="draining")
    assert changes("", rendered(a, c)) == "+a:7177, +c:7177 weight=2"
    assert changes(rendered(a, b), rendered(drained, c)) == "+c:7177 weight=2, a:7177 down, -b:7177"
    assert changes(rendered(drained, b), rendered(a, b)) == "a:7177 up"
    assert changes(rendered(a), rendered(a, method="ip_hash")) == "another order or method"

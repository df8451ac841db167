"""`scripts/demo`: shows the conversation; serves the page; brings drained nodes back."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from scripts.stack.instance import HOST
from scripts.stack.paths import ROOT
from scripts.stack.probe import listens
from scripts.stack.waiting import wait_until
from tests.services import free_port

DEMO = [sys.executable, str(ROOT / "scripts" / "demo.py")]


def ports() -> list[str]:
    """Return options for free ports; the second node takes the port behind the first."""
    port = free_port()
    while listens(HOST, port + 1):
        port = free_port()
    return ["--port", str(port), "--balancer-port", str(free_port())]


def test_once_shows_the_conversation() -> None:
    done = subprocess.run(
        [*DEMO, "--once", *ports()], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "this came from another node" in done.stdout
    assert "everything has been stopped" in done.stdout


def test_a_taken_port_is_told() -> None:
    port = str(free_port())
    done = subprocess.run(
        [*DEMO, "--once", "--port", port, "--balancer-port", port],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"it needs the ports {port}" in done.stdout


@pytest.fixture
def link() -> Iterator[str]:
    """Give the address of the page of a running demo, which ends well in the end."""
    with subprocess.Popen([*DEMO, *ports()], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = (re.search(r"http://\S+#token=\S+", line) for line in process.stdout)
            yield next(each[0] for each in found if each)
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "everything has been stopped" in rest


def ask(link: str, method: str, path: str) -> dict[str, object]:
    """Ask the balancer, with the token of the link."""
    page, _, token = link.partition("#token=")
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(page + path, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        body: dict[str, object] = json.load(answer)
        return body


def nodes_of(link: str) -> dict[str, list[str]]:
    """Return who is connected to each node."""
    nodes = ask(link, "GET", "v1/cluster")["nodes"]
    assert isinstance(nodes, list)
    return {
        node["node_id"]: [person["user"] for person in (node["status"] or {}).get("sample", [])]
        for node in nodes
    }


def test_it_stays_and_a_drained_node_comes_back(link: str) -> None:
    assert wait_until(lambda: sorted(nodes_of(link).values()) == [["alice"], ["bob"]], 20.0)
    drained, other = nodes_of(link)
    ask(link, "POST", f"v1/drain/{drained}?within=2")
    assert wait_until(lambda: drained not in nodes_of(link), 20.0)
    assert wait_until(lambda: sorted(nodes_of(link).get(other, [])) == ["alice", "bob"], 20.0)
    assert wait_until(lambda: len(nodes_of(link)) == 2, 20.0)

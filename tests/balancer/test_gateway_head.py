"""Heads are passed on as they came, but for two headers; what is not plain is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from balancer.gateway_head import (
    END,
    MAX_HEADERS,
    MAX_LINE_BYTES,
    VIA,
    BadHead,
    parse_request,
    parse_response,
)

PLAIN = (
    "Host: chat.example:7777",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
)


def head(*lines: str, first: str = "GET /ws HTTP/1.1") -> bytes:
    return "\r\n".join([first, *lines]).encode("latin-1") + END


def lines_of(data: bytes) -> list[str]:
    assert data.endswith(END)
    return data.removesuffix(END).decode("latin-1").split("\r\n")


def test_what_the_client_wrote_goes_on_and_two_headers_behind_it() -> None:
    request = parse_request(head(*PLAIN, "Cookie: a=b; c=d", first="GET /ws?x=1 HTTP/1.1"))
    assert request.path == "/ws"
    assert lines_of(request.passed_on("10.0.0.9")) == [
        "GET /ws?x=1 HTTP/1.1",
        *PLAIN,
        "Cookie: a=b; c=d",
        "X-Forwarded-For: 10.0.0.9",
        f"Via: {VIA}",
    ]


def test_what_earlier_proxies_said_stays_before_it() -> None:
    request = parse_request(
        head(
            *PLAIN, "x-forwarded-for: 1.1.1.1", "via: 1.1 cdn", "X-Forwarded-For: 2.2.2.2, 3.3.3.3"
        )
    )
    assert lines_of(request.passed_on("fd00::1"))[-2:] == [
        "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, fd00::1",
        f"Via: 1.1 cdn, {VIA}",
    ]


def test_a_browsers_list_in_connection_is_understood() -> None:
    lines = [*PLAIN[:1], "Upgrade: WebSocket", "Connection: keep-alive, Upgrade"]
    assert parse_request(head(*lines)).values("host") == ["chat.example:7777"]


@pytest.mark.parametrize(
    ("first", "lines", "status"),
    [
        ("POST /ws HTTP/1.1", PLAIN, 405),
        ("GET /ws HTTP/1.1", PLAIN[:1], 426),
        ("GET /ws HTTP/1.0", PLAIN, 426),
        ("GET /ws HTTP/2.0", PLAIN, 400),
        ("GET  /ws HTTP/1.1", PLAIN, 400),
        ("GET /ws", PLAIN, 400),
        ("", PLAIN, 400),
        ("\x16\x03\x01 a TLS handshake", PLAIN, 400),
        ("GET /ws HTTP/1.1", PLAIN[1:], 400),
        ("GET /ws HTTP/1.1", (*PLAIN, "Host: other"), 400),
        ("GET /ws HTTP/1.1", PLAIN[:2], 400),
        ("GET /ws HTTP/1.1", (*PLAIN, "Content-Length: 5"), 400),
        ("GET /ws HTTP/1.1", (*PLAIN, "Content-Length: 0", "content-length: 5"), 400),
        ("GET /ws HTTP/1.1", (*PLAIN, "Transfer-Encoding: chunked"), 400),
        ("GET /ws HTTP/1.1", (*PLAIN, " folded: line"), 400),
        ("GET /ws HTTP/1.1", (*PLAIN, "no colon"), 400),
        ("GET /ws HTTP/1.1", (*PLAIN, "space : before"), 400),
        ("GET /ws HTTP/1.1", (*PLAIN, "lone: \n feed"), 400),
        ("GET /ws HTTP/1.1", (*PLAIN, "lone: \r return"), 400),
        ("GET /ws HTTP/1.1", (*PLAIN, "nul: \0"), 400),
        ("GET /ws HTTP/1.1", (*PLAIN, *["X: y"] * (MAX_HEADERS - 4)), 431),
        ("GET /ws HTTP/1.1", (*PLAIN, "X: " + "y" * MAX_LINE_BYTES), 431),
        (f"GET /ws?{'y' * MAX_LINE_BYTES} HTTP/1.1", PLAIN, 431),
        ("GET /ws HTTP/1.1", (*PLAIN, "bell: \a"), 400),
        ("GET /ws HTTP/1.1", (*PLAIN, "delete: \x7f"), 400),
    ],
)
def test_what_is_not_plainly_a_request_for_a_websocket_is_refused(
    first: str, lines: tuple[str, ...], status: int
) -> None:
    with pytest.raises(BadHead) as caught:
        parse_request(head(*lines, first=first))
    assert caught.value.status == status


def test_an_upgrade_that_a_library_writes_is_taken_by_one_that_reads() -> None:
    client = ClientProtocol(parse_uri("ws://chat.example/ws"))
    client.send_request(client.connect())
    passed = parse_request(b"".join(client.data_to_send())).passed_on("10.0.0.9")
    server = ServerProtocol()
    server.receive_data(passed)
    [request] = server.events_received()
    response = server.accept(request)  # type: ignore[arg-type]
    server.send_response(response)
    answer = b"".join(server.data_to_send())
    status, headers = parse_response(answer[: answer.index(END) + len(END)])
    assert (status, headers["upgrade"]) == (101, "websocket")


def test_responses() -> None:
    answer = head("Retry-After: 7", first="HTTP/1.1 503 Service Unavailable")
    assert parse_response(answer) == (503, {"retry-after": "7"})
    assert parse_response(head(first="HTTP/1.1 101")) == (101, {})
    for first in ("HTTP/2 200 OK", "HTTP/1.1 999 x", "hello", "HTTP/1.1 20"):
        with pytest.raises(BadHead, match="502"):
            parse_response(head(first=first))


names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True)
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
special = {"host", "upgrade", "connection", "transfer-encoding", "content-length"}
others = st.lists(st.tuples(names.filter(lambda n: n.lower() not in special), values), max_size=8)


@given(others)
def test_whatever_other_headers_there_are_they_arrive_once_and_in_order(
    extra: list[tuple[str, str]],
) -> None:
    request = parse_request(head(*PLAIN, *(f"{name}: {value}" for name, value in extra)))
    # A second gateway reads what the first has written.
    again = parse_request(request.passed_on("10.0.0.9"))
    added = {"x-forwarded-for", "via"}
    kept = [(n, v) for n, v in extra if n.lower() not in added]
    told = [(n.decode(), v.decode()) for n, v in again.headers[len(PLAIN) : -2]]
    assert told == kept
    assert again.values("X-Forwarded-For")[0].endswith("10.0.0.9")


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for parse in (parse_request, parse_response):
        with contextlib.suppress(BadHead):
            parse(data + END)


@given(st.text(st.characters(max_codepoint=0xFF), max_size=20))
def test_whatever_is_passed_on_a_node_answers(value: str) -> None:
    # One that ends the connection instead would be remembered as one that fails.
    try:
        request = parse_request(head(*PLAIN, f"X: {value}"))
    except BadHead:
        return
    server = ServerProtocol()
    server.receive_data(request.passed_on("10.0.0.9"))
    assert len(server.events_received()) == 1


@given(st.lists(st.sampled_from(["Host: a", "Host: b", "X: \n", "Upgrade: websocket", *PLAIN])))
def test_nothing_gets_behind_the_head(lines: list[str]) -> None:
    try:
        request = parse_request(head(*lines))
    except BadHead:
        return
    passed = request.passed_on("10.0.0.9")
    assert passed.count(END) == 1
    assert b"\n" not in passed.replace(b"\r\n", b"")

"""What the gateway answers is HTTP that clients understand."""

from __future__ import annotations

import pytest

from balancer.gateway_answers import refusal
from balancer.gateway_head import END, parse_response


@pytest.mark.parametrize(
    ("status", "header", "value"),
    [
        (404, "connection", "close"),
        (405, "allow", "GET"),
        (426, "upgrade", "websocket"),
        (503, "retry-after", "7"),
    ],
)
def test_it_says_what_is_wrong_and_what_to_do(status: int, header: str, value: str) -> None:
    head, end, body = refusal(status, "no luck", 7 if status == 503 else None).partition(END)
    told, headers = parse_response(head + end)
    assert (told, headers[header]) == (status, value)
    assert body == b"no luck\n"
    assert headers["content-length"] == str(len(body))
    assert ("retry-after" in headers) is (status == 503)

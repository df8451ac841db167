"""Tokens: which prove the user, which do not, and what is said about it."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.errors import AuthenticationFailed
from server.auth import accept_anyone, require_token

SECRET = "a secret of at least thirty-two bytes"
OTHER = "another secret, which nobody uses here"


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """Return a signed token."""
    return jwt.encode(claims, secret, algorithm=algorithm)


def unsigned(**claims: Any) -> str:
    """Return a token that says that it needs no signature."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join((*coded, b"")).decode()


def test_without_a_secret_anyone_is_accepted() -> None:
    accept_anyone("alice", None)
    accept_anyone("alice", "whatever")


def test_a_good_token_is_accepted() -> None:
    check = require_token(SECRET)
    check("alice", token(sub="alice"))
    check("alice", token(sub="alice", exp=int(time.time()) + 60))


@pytest.mark.parametrize(
    ("given_token", "reason"),
    [
        (None, "required"),
        ("", "required"),
        ("nonsense", "cannot be used"),
        ("a.b.c", "cannot be used"),
        (token(OTHER, sub="alice"), "cannot be used"),
        (token(sub="bob"), "another user"),
        (token(sub=""), "another user"),
        (token(), "cannot be used"),
        (token("x" * 64, "HS512", sub="alice"), "cannot be used"),
        (unsigned(sub="alice"), "cannot be used"),
        (token(sub="alice", nbf=int(time.time()) + 86_400), "cannot be used"),
    ],
)
def test_other_tokens_are_refused(given_token: str | None, reason: str) -> None:
    with pytest.raises(AuthenticationFailed, match=reason) as info:
        require_token(SECRET)("alice", given_token)
    assert not info.value.expired


def test_an_empty_secret_is_none() -> None:
    with pytest.raises(ValueError, match="empty"):
        require_token("")


def test_an_expired_token_is_told_apart() -> None:
    with pytest.raises(AuthenticationFailed, match="expired") as info:
        require_token(SECRET)("alice", token(sub="alice", exp=1))
    assert info.value.expired


def test_a_secret_is_never_told() -> None:
    with pytest.raises(AuthenticationFailed) as info:
        require_token(SECRET)("alice", token(OTHER, sub="alice"))
    assert SECRET not in str(info.value)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
def test_rubbish_is_refused_and_raises_nothing_else(rubbish: str) -> None:
    with pytest.raises(AuthenticationFailed):
        require_token(SECRET)("alice", rubbish)


@pytest.mark.parametrize("part", [b"[" * 50_000, b'{"alg":{}}', b"[]", b'{"alg":"HS256","crit":7}'])
def test_strange_headers_are_refused(part: bytes) -> None:
    header = base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    with pytest.raises(AuthenticationFailed):
        require_token(SECRET)("alice", f"{header}.e30.AAAA")

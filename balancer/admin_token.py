"""The operator's token: who shows it sees users' names and may drain nodes. Pure."""

import hmac
from enum import StrEnum

# Guessing a random token of this length takes for ever.
MIN_TOKEN_LENGTH = 16

_SCHEME = "bearer "


class Access(StrEnum):
    """What a request may see and do beyond what is public.

    OFF: nothing, and no token would change that: the balancer has none.
    LOCKED: nothing, since no token was shown.
    WRONG: nothing, since another token was shown.
    GRANTED: everything.
    """

    OFF = "off"
    LOCKED = "locked"
    WRONG = "wrong"
    GRANTED = "granted"


def access(token: str | None, authorization: str | None) -> Access:
    """Tell what a request may.

    Args:
        token: the operator's; None if this balancer has none.
        authorization: the request's `Authorization` header; None if it has none.
    """
    if token is None:
        return Access.OFF
    if authorization is None:
        return Access.LOCKED
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        return Access.WRONG
    shown = authorization[len(_SCHEME) :].strip()
    # Not `==`, whose time tells how many characters are right.
    same = hmac.compare_digest(shown.encode(errors="replace"), token.encode())
    return Access.GRANTED if same else Access.WRONG

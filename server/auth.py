"""Who a client is: the `connect` frame's token checked. Knows nothing of channels or sockets."""

from collections.abc import Callable

import jwt

from cluster.errors import AuthenticationFailed

Authenticate = Callable[[str, str | None], None]


def accept_anyone(_user: str, _token: str | None) -> None:
    """Accept every name: for nodes without a secret."""


def require_token(secret: str) -> Authenticate:
    """Return a check for JSON Web Tokens (RFC 7519) signed with HMAC-SHA256.

    The claim `sub` must be the user; `exp` is honoured if it is there. The algorithm is fixed, so
    that a token cannot choose a weaker one (RFC 8725, section 3.1).

    Raises:
        ValueError: the secret is empty, so that anyone could sign.
    """
    if not secret:
        raise ValueError("the secret is empty")

    def check(user: str, token: str | None) -> None:
        if not token:
            raise AuthenticationFailed("a token is required")
        try:
            claims = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["sub"]})
        except jwt.ExpiredSignatureError as exc:
            raise AuthenticationFailed("the token has expired", expired=True) from exc
        except (jwt.InvalidTokenError, RecursionError) as exc:
            # The latter for a header of brackets alone, which PyJWT 2.8 does not catch itself.
            # Not the library's own words: they quote the token, which anybody may have written.
            reason = f"the token cannot be used ({type(exc).__name__})"
            raise AuthenticationFailed(reason) from exc
        if claims["sub"] != user:
            raise AuthenticationFailed("the token is for another user")

    return check

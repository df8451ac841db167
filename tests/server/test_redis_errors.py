"""Which error replies pass by themselves, and which do not."""

import pytest

from cluster.errors import ServiceUnavailable, is_retryable
from server.redis_errors import CommandFailed, is_account_refusal, is_login_refusal, refusal


@pytest.mark.parametrize(
    "text",
    [
        "LOADING Redis is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "READONLY You can't write against a read only replica.",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "BUSY Redis is busy running a script.",
        "NOSCRIPT No matching script. Please use EVAL.",
    ],
)
def test_what_passes_is_worth_a_retry(text: str) -> None:
    error = refusal(text, "redis://r1")
    assert isinstance(error, ServiceUnavailable)
    assert (error.service, error.address, error.reason) == ("Redis", "redis://r1", text)


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        ("WRONGTYPE Operation against a key", "WRONGTYPE", "Operation against a key"),
        ("ERR unknown command", "ERR", "unknown command"),
        ("LOADINGS of it", "LOADINGS", "of it"),
        ("ODD", "ODD", ""),
        ("", "", ""),
    ],
)
def test_what_does_not_pass_is_not(text: str, code: str, reason: str) -> None:
    error = refusal(text, "redis://r1")
    assert isinstance(error, CommandFailed)
    assert (error.code, error.reason) == (code, reason)
    assert not is_retryable(error)


@pytest.mark.parametrize(
    ("text", "login", "account"),
    [
        ("NOAUTH Authentication required.", True, True),
        ("WRONGPASS invalid username-password pair or user is disabled.", True, True),
        ("ERR AUTH <password> called without any password configured for it.", True, True),
        ("NOPERM this user has no permissions to run the 'ping' command", False, True),
        ("Connection refused", False, False),
    ],
)
def test_which_are_about_the_account(text: str, login: bool, account: bool) -> None:
    assert (is_login_refusal(text), is_account_refusal(text)) == (login, account)

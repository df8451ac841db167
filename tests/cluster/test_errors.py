"""Errors carry their data, and say whether trying again can help."""

import inspect

import pytest

from cluster import errors
from cluster.errors import (
    AuthenticationFailed,
    ClusterError,
    EpochChanged,
    InvalidAddress,
    InvalidCache,
    InvalidFrame,
    InvalidName,
    InvalidRecord,
    NoNodeAvailable,
    ServiceUnavailable,
    is_retryable,
)

ALL = [
    (InvalidName("user", "must not be empty"), "user must not be empty", False),
    (InvalidAddress("x:y", "HOST:PORT"), "'x:y': expected HOST:PORT", False),
    (InvalidRecord("/im/n", "empty"), "/im/n holds no node record: empty", False),
    (InvalidCache("it is empty"), "it is empty", False),
    (InvalidFrame("bad_json", "empty", "s-1"), "bad_json: empty", False),
    (AuthenticationFailed("no token"), "no token", False),
    (ServiceUnavailable("Redis", "h:1", "refused"), "cannot reach Redis at h:1: refused", True),
    (EpochChanged("a", None), "epoch None, not a", True),
    (NoNodeAvailable("none", ["h:1 refused"]), "none\n  h:1 refused", True),
]


@pytest.mark.parametrize(("error", "text", "retryable"), ALL)
def test_each_says_what_it_knows(error: ClusterError, text: str, retryable: bool) -> None:
    assert text in str(error)
    assert is_retryable(error) is retryable


def test_others_errors_are_not_worth_a_retry() -> None:
    assert not is_retryable(ValueError())


def test_every_error_is_in_the_tree_of_the_docstring() -> None:
    for name, error in inspect.getmembers(errors, inspect.isclass):
        if issubclass(error, BaseException):
            assert issubclass(error, ClusterError)
            assert name in (errors.__doc__ or "")

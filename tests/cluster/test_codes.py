"""The code of a close decides whether the client comes back."""

import pytest

from cluster.codes import TEMPORARY_ERRORS, CloseCode, ErrorCode, may_reconnect


@pytest.mark.parametrize("code", [code for code in CloseCode if code >= 4000])
def test_the_range_decides(code: CloseCode) -> None:
    assert may_reconnect(code) is (code < 4500)
    assert 4000 <= code <= 4999


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 1012, 1013, 3000, 5000])
def test_codes_of_others_do_not_speak_against_it(code: int) -> None:
    assert may_reconnect(code)


@pytest.mark.parametrize("code", [CloseCode.INVALID_DATA, CloseCode.MESSAGE_TOO_BIG])
def test_a_message_that_would_fail_again_is_not_repeated(code: CloseCode) -> None:
    assert not may_reconnect(code)


def test_codes_are_distinct_and_in_snake_case() -> None:
    assert len(set(ErrorCode)) == len(ErrorCode)
    assert all(code == code.lower() and " " not in code for code in ErrorCode)
    assert set(ErrorCode) > TEMPORARY_ERRORS

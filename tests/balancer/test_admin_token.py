"""Tests of the operator's token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancer.admin_token import Access, access

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        (None, Access.LOCKED),
        (f"Bearer {TOKEN}", Access.GRANTED),
        (f"bearer  {TOKEN} ", Access.GRANTED),
        ("Bearer ", Access.WRONG),
        ("Bearer", Access.WRONG),
        ("", Access.WRONG),
        (TOKEN, Access.WRONG),
        (f"Basic {TOKEN}", Access.WRONG),
        (f"Bearer {TOKEN}x", Access.WRONG),
        (f"Bearer {TOKEN[:-1]}", Access.WRONG),
        ("Bearer \udcff", Access.WRONG),
    ],
)
def test_only_the_token_opens(header: str | None, allowed: Access) -> None:
    assert access(TOKEN, header) is allowed


@given(st.one_of(st.none(), st.text()))
def test_without_a_token_nothing_opens(header: str | None) -> None:
    assert access(None, header) is Access.OFF


@given(st.text())
def test_no_other_text_opens(text: str) -> None:
    expected = Access.GRANTED if text.strip() == TOKEN else Access.WRONG
    assert access(TOKEN, f"Bearer {text}") is expected

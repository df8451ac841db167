"""Tests of the operator's options."""

from pathlib import Path

import click
import pytest

from balancer.cli import main
from balancer.cli_admin import read_admin_token

TOKEN = "0123456789abcdef"


def test_without_options_nobody_may_act() -> None:
    assert read_admin_token(False, None, None) is None


def test_the_token_comes_from_the_option_or_a_file(tmp_path: Path) -> None:
    assert read_admin_token(True, TOKEN, None) == TOKEN
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read_admin_token(True, None, file) == TOKEN


@pytest.mark.parametrize(
    ("allow", "token", "told"),
    [
        (True, None, "needs --admin-token"),
        (False, TOKEN, "nothing without --allow-admin"),
        (True, "short", "16 characters"),
        (True, "", "16 characters"),
        (True, "with a space in it", "none a space"),
        (True, "ünïcödé-0123456789", "ASCII"),
        (True, "0123456789\n0123456789", "visible"),
        (True, "0123456789\x7f0123456789", "visible"),
    ],
)
def test_what_makes_no_sense_is_told(allow: bool, token: str | None, told: str) -> None:
    with pytest.raises(click.UsageError, match=told):
        read_admin_token(allow, token, None)


def test_two_tokens_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="exclude each other"):
        read_admin_token(True, TOKEN, tmp_path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(click.UsageError, match="cannot read"):
        read_admin_token(True, None, file)


def test_the_options_stand_in_the_documentation() -> None:
    start = main.get_command(click.Context(main), "start")
    assert start is not None
    text = (Path(__file__).parents[2] / "docs" / "balancer.md").read_text()
    for option in start.params:
        assert f"`{option.opts[0]}" in text

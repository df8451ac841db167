"""The scripts that are shipped."""

from importlib.resources import files

import pytest

from server.redis_scripts import script_text

NAMES = sorted(
    entry.name.removesuffix(".lua")
    for entry in (files("server") / "lua").iterdir()
    if entry.name.endswith(".lua")
)


def test_all_scripts_are_found() -> None:
    assert NAMES == [
        "acknowledge",
        "append",
        "position",
        "raise_head",
        "read",
        "remove",
        "rights",
        "sweep",
        "when_full",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_script_opens_with_its_contract(name: str) -> None:
    comment = [line for line in script_text(name).split("\n\n")[0].splitlines()]
    if comment[0].startswith("#!"):  # has to be the first line of all
        assert comment.pop(0) == "#!lua flags=allow-oom"
    assert all(line.startswith("--") for line in comment)
    for word in ("KEYS[1]", "ARGV[1]", "Reply"):
        assert any(line.startswith(f"-- {word}") for line in comment), word


@pytest.mark.parametrize("name", NAMES)
def test_a_script_says_what_it_guarantees(name: str) -> None:
    assert "\n-- Guarantees: " in script_text(name)

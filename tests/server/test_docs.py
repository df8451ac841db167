"""What the pages in `docs/` say of the node and its protocol is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec
import pytest

from cluster import frames
from cluster.codes import TEMPORARY_ERRORS, CloseCode, ErrorCode, may_reconnect
from server import metrics
from server.cli import main
from tests.server.embedded import client, fetch, running
from tests.server.test_cli import commands, options

DOCS = Path(__file__).parents[2] / "docs"
PROTOCOL = (DOCS / "protocol.md").read_text()
SERVER = (DOCS / "server.md").read_text()
OPERATIONS = (DOCS / "operations-commands.md").read_text()
COMMANDS = f"{SERVER}\n{OPERATIONS}"
METRICS = (DOCS / "metrics.md").read_text()
CONFIGURATION = (DOCS / "configuration.md").read_text()


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without those of its head."""
    section = text.partition(f"{heading}\n")[2]
    assert section, f"there is no heading {heading!r}"
    lines = re.search(r"^\|.*?(?=\n[^|])", section, re.MULTILINE | re.DOTALL)
    assert lines is not None
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[0].splitlines()]
    return [[cell.strip() for cell in row] for row in cells[2:]]


def test_every_close_code_is_explained() -> None:
    told = [
        (int(code), name.strip("`"), again)
        for code, name, _, again in rows(PROTOCOL, "### Close codes")
    ]
    assert told == [(int(c), c.name, "yes" if may_reconnect(c) else "no") for c in CloseCode]


def test_every_error_code_is_explained() -> None:
    told = {code.strip("`"): temporary for code, _, temporary in rows(PROTOCOL, "### Error codes")}
    assert told == {code.value: "yes" if code in TEMPORARY_ERRORS else "" for code in ErrorCode}


@pytest.mark.parametrize(
    ("part", "kinds"),
    [
        ("## Frames from client to node", frames.AnyClientFrame),
        ("## Frames from node to client", frames.AnyNodeFrame),
    ],
)
def test_every_frame_is_described_with_every_field(part: str, kinds: object) -> None:
    section = re.split(r"\n## ", PROTOCOL.partition(part)[2])[0]
    for kind in getattr(kinds, "__args__"):  # noqa: B009 - a union, for mypy an object
        info = msgspec.inspect.type_info(kind)
        assert isinstance(info, msgspec.inspect.StructType)
        heading = f"### `{info.tag}`"
        assert heading in section
        fields = [field.encode_name for field in info.fields]
        if fields:
            assert [row[0].strip("`") for row in rows(section, heading)] == fields


@pytest.mark.parametrize(("name", "option"), list(options()), ids=lambda value: str(value))
def test_every_option_is_described(name: str, option: click.Option) -> None:
    heading = {"start": "## Options of `server start`", "send": "## `server send FROM TO TEXT`"}
    section = COMMANDS.partition(heading.get(name, f"## `server {name}`"))[2]
    section = re.split(r"\n## ", section)[0]
    if name == "chat" and f"`{option.opts[-1]} " not in section:
        section = re.split(r"\n## ", SERVER.partition(heading["send"])[2])[0]
        section = section.replace("IM_SERVER_SEND", "IM_SERVER_CHAT")
    [row] = [line for line in section.splitlines() if re.match(rf"\| `{option.opts[0]}[ `]", line)]
    assert f"`IM_SERVER_{name}_{option.name}`".upper() in row


def test_every_command_is_described() -> None:
    told = set(re.findall(r"^## (?:Options of )?`server (\w+)", COMMANDS, re.MULTILINE))
    assert told == {name for name, _ in commands()}


def test_defaults_of_start_are_told() -> None:
    start = main.get_command(click.Context(main), "start")
    assert start is not None
    for option in start.params:
        if isinstance(option.default, int | float | str) and option.default not in ("", False):
            [row] = [
                line
                for line in SERVER.splitlines()
                if f"IM_SERVER_START_{option.name}`".upper() in line.upper()
            ]
            default = (
                f"{option.default:.15g}" if isinstance(option.default, float) else option.default
            )
            default = "on" if default is True else default
            assert re.search(rf"\| `?{re.escape(str(default))}`? \|", row), row


def test_options_of_the_program_itself_are_described() -> None:
    for option in main.params:
        if isinstance(option, click.Option) and option.show_envvar:
            [row] = [
                line
                for line in CONFIGURATION.splitlines()
                if line.startswith(f"| `server {option.opts[0]} ")
            ]
            assert f"`IM_SERVER_{option.name}`".upper() in row


def metric_rows(prefix: str) -> dict[str, str]:
    """Return the type of each metric that the docs describe, by its name without labels."""
    row = re.compile(rf"^\| `({prefix}\w+)(?:\{{[\w,]+\}})?` \| (\w+) \| ([^|]+) \| ([^|]+) \|$")
    matches = [row.match(line) for line in METRICS.splitlines() if f"`{prefix}" in line[:40]]
    assert all(matches), "each row needs a name, a type, what it counts, and when it moves"
    return {match[1]: match[2] for match in matches if match}


async def test_every_metric_is_described_with_its_type_and_labels() -> None:
    async with running() as [node], client(node, "alice") as alice:
        await alice.say("send", id="s-1", to="bob", body=1)
        await alice.hear()
        _status, text = await fetch(node, "/metrics")
    printed = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    assert metric_rows("im_server_") == printed
    for name, (label, _help) in metrics._BY_LABEL.items():
        assert f"| `im_server_{name}_total{{{label}}}` |" in METRICS

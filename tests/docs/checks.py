"""What can be known of a command that can't be run where tests are. Each asserts it."""

from __future__ import annotations

import configparser
import re
import subprocess

import click

import balancer.cli
import server.cli
from scripts.stack.paths import ROOT

PROGRAMS = {"server": server.cli.main, "balancer": balancer.cli.main}
_UNITS = ROOT / "deploy" / "systemd"


def shell_takes_it(text: str) -> None:
    """It is a command line, and the files of the checkout that it names are there."""
    subprocess.run(["bash", "-n", "-c", text], check=True, timeout=30)
    for name in re.findall(r"(?<!\S)(?:deploy|docs|scripts)/\S+", text):
        assert (ROOT / name).exists(), f"there is no {name}"


def names_the_project(text: str) -> None:
    """Its last word is the name of the project, so that the next command finds the folder."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    assert text.split()[-1] == settings["metadata"]["name"]


def image_has_its_parts(text: str) -> None:
    """What the Dockerfile copies out of the checkout is there."""
    shell_takes_it(text)
    copies = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert copies
    for name in " ".join(copies).split():
        assert (ROOT / name).exists(), f"there is no {name}"


def units_agree(text: str) -> None:
    """The places and the account that it makes are those that the units use."""
    shell_takes_it(text)
    units = "".join(path.read_text() for path in _UNITS.iterdir())
    units = "\n".join(line for line in units.splitlines() if not line.startswith("#"))
    places = re.findall(r"/opt/im/bin/|/etc/im/\S+", text)
    for place in places or [f"User={text.split()[-1]}\n"]:
        assert place in units, f"no unit has {place.strip()}"


def our_program_takes_it(text: str) -> None:
    """The words from `server` or `balancer` on are a command line that the program takes."""
    ours = re.search(r"\b(server|balancer) (\S+) (.*)", text)
    assert ours is not None
    context = click.Context(PROGRAMS[ours[1]])
    command = PROGRAMS[ours[1]].get_command(context, ours[2])
    assert command is not None, f"{ours[1]} has no command {ours[2]}"
    # Parses, and runs nothing.
    command.make_context(ours[2], ours[3].split(), parent=context)

"""Every command in the docs works: it is run here, or it is known who runs it.

A command that is new in the docs fails `test_every_command_is_claimed` until `tests/docs/claims.py`
says what it is to show.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from tests.docs.blocks import Block, Command, all_blocks, commands
from tests.docs.claims import CLAIMS
from tests.docs.kinds import Elsewhere, Ends, Lasts, NotHere, missing_of, words_of
from tests.docs.place import Place
from tests.docs.running import run

COMMANDS = [command for block in all_blocks() for command in commands(block)]


def claimed_as(*kinds: type) -> list[Command]:
    """Return one command of each text that is claimed by one of these kinds."""
    once = {command.text: command for command in COMMANDS}
    return [each for text, each in once.items() if isinstance(CLAIMS.get(text), kinds)]


def runnable(block: Block) -> list[Command]:
    """Return the commands of a block that are run here."""
    return [each for each in commands(block) if isinstance(CLAIMS.get(each.text), Ends | Lasts)]


def test_every_command_is_claimed() -> None:
    unknown = [
        f"{command.place}: nobody runs `{command.text}`: say in tests/docs/claims.py what it is to "
        "show (Ends, Lasts), which test runs it (Elsewhere), or why it can't be run (NotHere)"
        for command in COMMANDS
        if command.text not in CLAIMS
    ]
    assert unknown == [], "\n".join(unknown)


def test_every_claim_is_for_a_command_of_the_docs() -> None:
    left = CLAIMS.keys() - {command.text for command in COMMANDS}
    assert left == set(), "take them out of tests/docs/claims.py"


@pytest.mark.parametrize("block", [b for b in all_blocks() if runnable(b)], ids=str)
@pytest.mark.usefixtures("people")
@pytest.mark.timeout(600)
async def test_commands_do_what_is_claimed(block: Block, place: Place) -> None:
    async with AsyncExitStack() as at_end:
        for command in runnable(block):
            claim = CLAIMS[command.text]
            assert isinstance(claim, Ends | Lasts)
            await run(place, claim, command.text, at_end)


@pytest.mark.parametrize("command", claimed_as(Elsewhere), ids=lambda command: command.text)
def test_who_is_said_to_run_it_does(command: Command) -> None:
    claim = CLAIMS[command.text]
    assert isinstance(claim, Elsewhere)
    assert missing_of(claim, command) == [], f"{claim.tests} do not run `{command.text}`"


@pytest.mark.parametrize("command", claimed_as(NotHere), ids=lambda command: command.text)
def test_what_can_be_known_of_it_is_right(command: Command) -> None:
    claim = CLAIMS[command.text]
    assert isinstance(claim, NotHere)
    claim.check(command.text)


def test_words_that_count() -> None:
    text = "scripts/bench cross-node --json before.json --reps 3"
    assert words_of(text) == {"bench", "cross-node", "--json", "--reps"}


def test_a_test_that_does_not_run_it_is_found_out() -> None:
    test = "tests/docs/test_commands.py::test_words_that_count"
    claim = Elsewhere((test, "tests/docs/none.py::test_it"))
    found = missing_of(claim, Command("p.md:1", "scripts/bench --json x --no" + "where"))
    assert found == ["tests/docs/none.py::test_it", "--no" + "where"]

"""A command that does not do what is claimed is found out; in a command only names are changed."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from tests.docs.kinds import Ends, Lasts
from tests.docs.place import TRACED, Place
from tests.docs.running import run


@pytest.mark.parametrize(
    ("claim", "line", "why"),
    [
        (Ends(), "echo no >&2; false", r"exit code 1: .*\nno"),
        (Ends(), "no-such-program", "exit code 127"),
        (Ends(shows="yes"), "echo no", r"ended without 'yes': .*\nno"),
        (Ends(look="false"), "true", "exit code 1"),
        (Lasts(shows="yes"), "echo no", r"ended without 'yes': .*\nno"),
        (Lasts(shows="yes"), "echo yes; exec sleep 60", "exit code -2 after Ctrl-C"),
    ],
)
async def test_what_is_not_so_is_found_out(
    claim: Ends | Lasts, line: str, why: str, place: Place
) -> None:
    with pytest.raises(AssertionError, match=why):
        async with AsyncExitStack() as at_end:
            await run(place, claim, line, at_end)


async def test_one_that_stays_is_there_for_the_next(place: Place) -> None:
    stays = Lasts(shows="yes", codes=(-2,), stays=True)
    async with AsyncExitStack() as at_end:
        await run(place, stays, "echo $$ > pid; echo yes; exec sleep 60 &", at_end)
        await run(place, Ends(), "kill -0 $(cat pid)", at_end)
    async with AsyncExitStack() as at_end:
        await run(place, Ends(codes=(1,)), "kill -0 $(cat pid)", at_end)


def test_names_of_readers_mean_those_of_the_test(place: Place) -> None:
    zk = place.address.removeprefix("zk://").partition("?")[0]
    for text, here in [
        ("server nodes --zk", f"server nodes --zk {zk}"),
        ("server send --zk alice bob 'a: b'", f"server send --zk {zk} alice bob 'a: b'"),
        ("--zk zk1:2181,zk2:2181/prod --wait 3", f"--zk {zk} --wait 3"),
        ("curl http://127.0.0.1:7000/v1", f"curl http://127.0.0.1:{place.balancer}/v1"),
        (f"server trace {TRACED}", f"server trace {place.traced}"),
        ("/etc/im/im.toml", f"{place.folder}/im/im.toml"),
        ("server inbox bob --messages 3", "server inbox bob --messages 3"),
    ]:
        assert place.meant(text) == here

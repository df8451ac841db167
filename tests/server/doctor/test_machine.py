"""The judgement of this machine."""

from dataclasses import replace

import pytest

from cluster.file_limit import room_within
from server.doctor.finding import Level
from server.doctor.machine import WRITTEN, MachineFacts, judge_machine
from tests.server.doctor.told import bad

GOOD = MachineFacts(
    soft_files=1024,
    hard_files=65536,
    somaxconn=4096,
    uvloop="0.21.0",
    python=(3, 11, 2),
    time=WRITTEN + 1.0,
)


def test_a_good_machine_passes() -> None:
    assert bad(judge_machine(GOOD, None)) == []
    assert bad(judge_machine(replace(GOOD, hard_files=None, somaxconn=None), 10**6)) == []


@pytest.mark.parametrize(
    ("facts", "level", "check", "cure"),
    [
        (replace(GOOD, hard_files=256), Level.FAIL, "open files", "LimitNOFILE=4096"),
        (replace(GOOD, somaxconn=128), Level.WARN, "somaxconn", "sysctl -w net.core.somaxconn"),
        (replace(GOOD, uvloop=None), Level.FAIL, "uvloop", "pip install uvloop"),
        (replace(GOOD, python=(3, 10, 9)), Level.FAIL, "Python", "python3.11"),
        (replace(GOOD, time=0.0), Level.FAIL, "clock", "timedatectl"),
    ],
)
def test_each_fault_is_told_with_its_cure(
    facts: MachineFacts, level: Level, check: str, cure: str
) -> None:
    [finding] = bad(judge_machine(facts, None))
    assert (finding.level, finding.check) == (level, check)
    assert cure in finding.cure


def test_the_limit_of_open_files_is_held_against_the_clients_that_are_wanted() -> None:
    assert bad(judge_machine(GOOD, room_within(65536))) == []
    [finding] = bad(judge_machine(GOOD, room_within(65536) + 1))
    wanted = int(finding.cure.split()[2].rstrip(";"))
    assert bad(judge_machine(replace(GOOD, hard_files=wanted), room_within(65536) + 1)) == []
    # A small limit is enough for few clients.
    assert bad(judge_machine(replace(GOOD, hard_files=256), 100)) == []

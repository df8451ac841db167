"""How the messages fared is told alike by every trial."""

from __future__ import annotations

import dataclasses

from scripts.trial_lib.ledger import Finding
from scripts.trial_lib.telling import SHOWN, counted, finding_lines, message_lines, wrongs
from tests.scripts.totals import TOTALS

LOST = Finding("lost", "alice", "bob", 4, 12.5, None, "s-4 at offset 9")
STRANGE = Finding("strange", "alice", "bob", 0, delivered=3.0)


def test_each_wrong_is_named() -> None:
    assert wrongs(TOTALS) == []
    bad = dataclasses.replace(TOTALS, lost=1, doubled=2, out_of_order=3, strange=4)
    assert wrongs(bad) == ["1 lost", "2 doubled", "3 out of order", "4 strange"]


def test_reasons_stand_beside_what_was_not_confirmed() -> None:
    shown = list(message_lines(TOTALS, {"SendTimeout": 2}))
    assert shown[-1] == "  unconfirmed     2, 1 of them delivered (SendTimeout 2)"
    assert list(message_lines(TOTALS, {}))[-1].endswith("delivered")


def test_findings_are_shown_one_by_one() -> None:
    shown = list(finding_lines([LOST, STRANGE]))
    assert shown[0] == "  lost: alice → bob 4, confirmed at 12.50 s s-4 at offset 9"
    assert "confirmed never" in shown[1]
    assert list(finding_lines([LOST] * (SHOWN + 5)))[-1] == "  … and 5 more, see the JSON"


def test_counts_are_sorted() -> None:
    assert counted({"b": 2, "a": 1}) == "a 1, b 2"
    assert counted({}) == ""

"""How the messages fared in the trials that the tests make up."""

from __future__ import annotations

from scripts.trial_lib.ledger import Totals

TOTALS = Totals(
    sent=10,
    confirmed=8,
    delivered=9,
    lost=0,
    doubled=0,
    out_of_order=0,
    strange=0,
    unconfirmed=2,
    unconfirmed_delivered=1,
)

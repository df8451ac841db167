"""How reports tell what became of the messages. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scripts.trial_lib.ledger import Finding, Totals

# How many messages with which something is wrong are shown one by one.
SHOWN = 10


def wrongs(totals: Totals) -> list[str]:
    """Return what no trial forgives, in words; empty if the cluster has kept its word."""
    counts = {
        "lost": totals.lost,
        "doubled": totals.doubled,
        "out of order": totals.out_of_order,
        "strange": totals.strange,
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def message_lines(totals: Totals, refusals: Mapping[str, int]) -> Iterator[str]:
    """Yield a line for each sum.

    Args:
        totals: the sums.
        refusals: why sends were not confirmed, and how often.
    """
    yield f"  sent            {totals.sent}"
    yield f"  confirmed       {totals.confirmed}"
    yield f"  delivered       {totals.delivered}"
    yield f"  lost            {totals.lost}"
    yield f"  doubled         {totals.doubled}"
    yield f"  out of order    {totals.out_of_order}"
    reasons = f" ({counted(refusals)})" if refusals else ""
    yield (
        f"  unconfirmed     {totals.unconfirmed}, {totals.unconfirmed_delivered} of them delivered"
        f"{reasons}"
    )


def finding_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield a line for each message with which something is wrong, and one for those left out."""
    for finding in findings[:SHOWN]:
        confirmed = "never" if finding.confirmed is None else f"at {finding.confirmed:.2f} s"
        yield (
            f"  {finding.what}: {finding.sender} → {finding.recipient} {finding.number}, "
            f"confirmed {confirmed} {finding.trace}"
        )
    if len(findings) > SHOWN:
        yield f"  … and {len(findings) - SHOWN} more, see the JSON"


def counted(counts: Mapping[str, int]) -> str:
    """Return names and numbers in one line; empty if there are none."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))

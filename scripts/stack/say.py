"""One way to speak to the person at the terminal. Decides nothing."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print one line at once, so that it shows in a pipe as well."""
    print(text, flush=True)


def complain(text: str) -> None:
    """Print one line to standard error."""
    print(text, file=sys.stderr, flush=True)

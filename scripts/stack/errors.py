"""The one error of the scripts. Raises nothing itself.

StackError -- something can't be run here; the text is one line and ends with the cure
"""

from __future__ import annotations


class StackError(Exception):
    """Say what can't be done and what the reader can do about it, in one line."""

    def __init__(self, problem: str, cure: str) -> None:
        self.problem = problem
        self.cure = cure
        super().__init__(f"{problem}: {cure}")

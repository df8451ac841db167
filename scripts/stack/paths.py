"""Where things lie in the checkout. Creates nothing."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / ".run"
"""Everything the scripts leave behind: logs, data, process ids. Ignored by git."""

VENV_BIN = ROOT / ".venv" / "bin"

"""The test vectors that all SDKs share; `tests/vectors/README.md` says what stands in them."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "vectors"

Case = dict[str, Any]


def cases(file: str, part: str) -> list[Any]:
    """Return the cases of one list as parameters for `pytest.mark.parametrize`."""
    found = json.loads((FOLDER / f"{file}.json").read_text())[part]
    return [
        pytest.param(case, id=str(case.get("name", number))) for number, case in enumerate(found)
    ]

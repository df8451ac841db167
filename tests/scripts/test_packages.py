"""What can't be installed is named with the command that would."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.stack import packages
from scripts.stack.errors import StackError
from scripts.stack.packages import install


def test_without_apt_the_cure_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(StackError) as caught:
        install(["redis-server", "wget"], tmp_path / "log")
    assert str(caught.value) == (
        "redis-server wget missing: run as root: apt-get install redis-server wget"
    )


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Put an apt-get of the test's own in place, which installs at the attempt that `good` names.

    It notes what it is told in the file `told`.
    """
    program = tmp_path / "apt-get"
    program.write_text(_APT)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(packages, "can_install", lambda: True)
    monkeypatch.setattr(packages, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(packages, "_LISTS", tmp_path / "lists")
    monkeypatch.setattr(packages, "_POLICY", tmp_path / "policy")
    return tmp_path


_APT = """\
#!/bin/sh
cd "$(dirname "$0")"
for word; do case "$word" in update | install) echo "$word" >>told; break ;; esac; done
[ "$word" = install ] || exit 0
[ "$(grep -c install told)" -ge "$(cat good)" ]
"""


@pytest.mark.parametrize("good", [1, 2, 3])
def test_what_fails_is_tried_again_with_new_lists(apt: Path, good: int) -> None:
    (apt / "good").write_text(str(good))
    install(["redis-server"], apt / "log")
    assert (apt / "told").read_text().split() == ["update", "install"] * good
    assert not (apt / "policy").exists()


def test_what_fails_for_good_is_named_with_the_log(apt: Path) -> None:
    (apt / "good").write_text("4")
    with pytest.raises(StackError, match=f"couldn't install redis-server: see {apt / 'log'}"):
        install(["redis-server"], apt / "log")
    assert (apt / "told").read_text().split().count("install") == 3

"""`scripts/venv`: make .venv and install the project in it, once for each state of setup.cfg."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator

from scripts.stack.errors import StackError
from scripts.stack.packages import can_install, install
from scripts.stack.paths import ROOT, RUN, VENV_BIN
from scripts.stack.say import complain, say

_STAMP = VENV_BIN.parent / "installed"
_LOG = RUN / "venv.log"


def make() -> None:
    """Bring .venv up to date. Idempotent; two at once wait for each other.

    Raises:
        StackError: it can't be made; the cure is in the message.
    """
    RUN.mkdir(exist_ok=True)
    with _alone():
        wanted = fingerprint()
        if _STAMP.exists() and _STAMP.read_text() == wanted:
            return
        # Python is there before pip, so pip tells whether it was made to the end.
        if not (VENV_BIN / "pip").exists():
            _create()
        say(f"installing the project and its dependencies in .venv, some 30 s (log: {_LOG})")
        _run(str(VENV_BIN / "python"), "-m", "pip", "install", "--editable", ".[test]")
        _STAMP.write_text(wanted)


def fingerprint() -> str:
    """Return what changes when the installation has to be done again."""
    content = b"".join((ROOT / name).read_bytes() for name in ("setup.cfg", "pyproject.toml"))
    return f"{sys.version_info[:2]} {hashlib.sha256(content).hexdigest()}\n"


def _create() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        # Debian keeps it in a package of its own.
        package = "python3-venv"
        if not can_install():
            raise StackError(f"{package} is missing", f"run as root: apt-get install {package}")
        install([package], RUN / "apt.log")
    say(f"making .venv with Python {sys.version.split()[0]}")
    _run(sys.executable, "-m", "venv", str(VENV_BIN.parent))


def _run(*words: str) -> None:
    with _LOG.open("ab") as output:
        done = subprocess.run(
            words,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        last = _LOG.read_text(errors="replace").strip().splitlines()[-1:]
        raise StackError(f"{' '.join(words[1:4])} failed: {''.join(last)}", f"see {_LOG}")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with (RUN / "venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Make it and return the exit code."""
    try:
        make()
    except StackError as error:
        complain(f"scripts/venv: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`scripts/zookeeper-image`: make a Docker image of ZooKeeper where none can be pulled.

Debian's packages are unpacked into a folder (debootstrap) and handed to the engine (docker import).
The mirror is the one that apt uses on this machine; no registry is asked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.stack.docker import docker, engine_answers, has_image, last_line
from scripts.stack.errors import StackError
from scripts.stack.packages import can_install, install, refresh_if_empty
from scripts.stack.paths import RUN
from scripts.stack.say import complain, say
from scripts.stack.service_zookeeper import ZOOKEEPER_JAVA

OFFICIAL = "zookeeper:3.9.3"
"""What the tests run where it can be pulled; the same as in compose.yaml."""

TAG = "im-zookeeper:debian12"
"""What is made here where it can't."""

_SUITE = "bookworm"
_PACKAGES = "libzookeeper-java,default-jre-headless"
_TAR = RUN / "zookeeper-image.tar"
_TREE = RUN / "zookeeper-image"
_LOG = RUN / "zookeeper-image.log"
_LEFT_OUT = ("./var/cache/apt/*", "./var/lib/apt/lists/*", "./usr/share/doc/*", "./usr/share/man/*")

_ENTRYPOINT = """\
#!/bin/sh
# Run ZooKeeper in the foreground. A /conf/zoo.cfg is taken as it is; else the environment says
# ZOO_PORT, ZOO_TICK_TIME (milliseconds) and ZOO_ADDRESS.
set -eu
config=/conf/zoo.cfg
if [ ! -f "$config" ]; then
    cat >"$config" <<END
dataDir=/data
clientPort=${ZOO_PORT:-2181}
clientPortAddress=${ZOO_ADDRESS:-0.0.0.0}
tickTime=${ZOO_TICK_TIME:-2000}
maxClientCnxns=0
4lw.commands.whitelist=*
admin.enableServer=false
END
fi
exec java @java@ "$config"
"""


def make() -> str:
    """Return the image's name; make it first unless the engine has it.

    Raises:
        StackError: no engine, not root, or a step failed; the cure is in the message.
    """
    if not engine_answers():
        raise StackError("no Docker engine answers", "start dockerd")
    if has_image(TAG):
        say(f"{TAG} is there already")
        return TAG
    RUN.mkdir(exist_ok=True)
    if not _TAR.exists():
        _make_tar()
    say(f"importing {TAG}")
    entry = 'ENTRYPOINT ["/usr/local/bin/zookeeper"]'
    imported = docker("import", "--change", entry, str(_TAR), TAG, timeout=300)
    if imported.returncode != 0:
        raise StackError(f"docker import failed ({last_line(imported.stderr)})", f"remove {_TAR}")
    say(f"{TAG} made")
    return TAG


def _make_tar() -> None:
    if os.geteuid() != 0:
        raise StackError("debootstrap needs root", "run scripts/zookeeper-image as root")
    absent = [name for name in ("debootstrap", "wget") if shutil.which(name) is None]
    if absent:
        install(absent, RUN / "apt.log")
    mirror = _mirror()
    say(f"unpacking Debian's ZooKeeper from {mirror}, about 90 s (log: {_LOG})")
    try:
        _unpack(mirror)
        _add_entrypoint(_TREE)
        partial = _TAR.with_suffix(".partial")
        excludes = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
        _run("tar", "--create", "--file", partial, "--directory", _TREE, *excludes, ".")
        partial.rename(_TAR)
    finally:
        shutil.rmtree(_TREE, ignore_errors=True)


def _unpack(mirror: str) -> None:
    """Unpack the packages; once more if that fails, for a mirror may not answer for a moment."""
    command = ("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, _TREE, mirror)
    shutil.rmtree(_TREE, ignore_errors=True)
    try:
        _run(*command)
    except StackError as error:
        say(f"{error}; trying once more")
        shutil.rmtree(_TREE, ignore_errors=True)
        _run(*command)


def _add_entrypoint(tree: Path) -> None:
    for folder in ("conf", "data"):
        (tree / folder).mkdir()
    program = tree / "usr/local/bin/zookeeper"
    program.write_text(_ENTRYPOINT.replace("@java@", " ".join(ZOOKEEPER_JAVA)))
    program.chmod(0o755)


def _mirror() -> str:
    """Return the address from which apt gets Debian itself on this machine."""
    if can_install():
        refresh_if_empty(RUN / "apt.log")
    form = "$(IDENTIFIER) $(ORIGIN) $(CODENAME) $(REPO_URI)"
    try:
        shown = subprocess.run(
            ["apt-get", "indextargets", "--format", form],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    except FileNotFoundError:
        shown = ""
    for line in shown.splitlines():
        kind, origin, codename, *address = line.split(" ")
        # Updates and security come from places that hold no whole release.
        if (kind, origin) == ("Packages", "Debian") and "-" not in codename and address:
            return address[0]
    raise StackError("apt knows no Debian mirror", "use Debian, or let docker pull zookeeper")


def _run(*words: str | Path) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **_proxy()}
    with _LOG.open("ab") as output:
        code = subprocess.run(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environ,
            check=False,
        ).returncode
    if code != 0:
        raise StackError(f"{words[0]} failed with {code}", f"see {_LOG}")


def _proxy() -> dict[str, str]:
    """Return the proxy that apt is configured with, for debootstrap doesn't read apt's files."""
    shown = subprocess.run(
        ["apt-config", "dump", "--format", "%v%n", "Acquire::http::Proxy"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {"http_proxy": shown} if shown else {}


def main() -> int:
    """Make the image and print its name; return the exit code."""
    try:
        make()
    except StackError as error:
        complain(f"scripts/zookeeper-image: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

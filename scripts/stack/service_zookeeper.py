"""ZooKeeper from the distribution's package, alone and on loopback."""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts.stack.probe import zookeeper_version
from scripts.stack.service import Launch, Service

_JAR = Path("/usr/share/java/zookeeper.jar")

ZOOKEEPER_JAVA = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # Without a logger beside it the server says nothing at all.
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    "-cp",
    f"{_JAR}:/usr/share/java/slf4j-simple.jar",
    "org.apache.zookeeper.server.quorum.QuorumPeerMain",
)
"""What `java` needs to run Debian's ZooKeeper; the path of a zoo.cfg follows."""


def zookeeper_config(data: str, port: int, tick_ms: int = 2000, **more: str) -> str:
    """Return the text of a zoo.cfg for one server on loopback.

    No limit of connections, since on one machine all of them come from one address; no admin
    server, since its port 8080 is often taken.
    """
    options = {
        "dataDir": data,
        "clientPort": str(port),
        "clientPortAddress": "127.0.0.1",
        "tickTime": str(tick_ms),
        "maxClientCnxns": "0",
        "4lw.commands.whitelist": "*",
        "admin.enableServer": "false",
        **more,
    }
    return "".join(f"{name}={value}\n" for name, value in options.items())


def _program() -> str | None:
    return shutil.which("java") if _JAR.exists() else None


def _prepare(folder: Path, port: int) -> list[Launch]:
    config = folder / "zoo.cfg"
    config.write_text(zookeeper_config(str(folder / "data"), port))
    return [Launch([_program() or "java", *ZOOKEEPER_JAVA, str(config)])]


ZOOKEEPER = Service(
    name="zookeeper",
    title="ZooKeeper",
    port_variable="IM_ZK_PORT",
    port=2181,
    # The package `zookeeper` adds a desktop's Java and a daemon of its own to these two.
    packages=("libzookeeper-java", "default-jre-headless"),
    program=_program,
    prepare=_prepare,
    version=zookeeper_version,
)

"""ZooKeeper from the distribution's package, alone and on loopback."""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts.stack.probe import zookeeper_version
from scripts.stack.service import Launch, Service

_JAR = Path("/usr/share/java/zookeeper.jar")
_MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"

LOGGING = """\
log4j.rootLogger=INFO, CONSOLE
log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender
log4j.appender.CONSOLE.layout=org.apache.log4j.PatternLayout
log4j.appender.CONSOLE.layout.ConversionPattern=%d{ISO8601} %-5p %c{1} - %m%n
"""


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
    (folder / "log4j.properties").write_text(LOGGING)
    java = [_program() or "java", "-Xmx512m", "-XX:+UseSerialGC"]
    return [Launch([*java, "-cp", f"{folder}:{_JAR}", _MAIN, str(config)])]


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

"""RabbitMQ from the distribution's package, apart from any other on the machine.

It gets its own node name, cookie, data and port mapper (epmd), because a shared port mapper would
be started by whichever broker comes first and outlive it.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from scripts.stack.ports import free_port
from scripts.stack.probe import rabbitmq_version
from scripts.stack.service import Launch, Service

# Debian's /usr/sbin/rabbitmq-server insists on its own user; the program behind it doesn't.
_PROGRAMS = Path("/usr/lib/rabbitmq/bin")


def rabbitmq_program(name: str) -> str | None:
    """Return the path of `rabbitmq-server`, `rabbitmqctl` and the like; None if missing."""
    return shutil.which(name, path=f"{_PROGRAMS}:{os.environ.get('PATH', os.defpath)}")


def rabbitmq_environ(folder: Path, port: int) -> dict[str, str]:
    """Return what the broker in `folder` and the tools that speak to it must share.

    The ports of a folder are chosen once and kept in it, so that a restart finds them again.
    """
    mapper, distribution = _side_ports(folder)
    return {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"im{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
    }


def _side_ports(folder: Path) -> tuple[int, int]:
    kept = folder / "side_ports"
    if not kept.exists():
        kept.write_text(f"{free_port()} {free_port()}")
    mapper, distribution = kept.read_text().split()
    return int(mapper), int(distribution)


def _prepare(folder: Path, port: int) -> list[Launch]:
    cookie = folder / ".erlang.cookie"
    if not cookie.exists():
        cookie.touch(mode=0o600)
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
    (folder / "enabled_plugins").write_text("[].\n")
    (folder / "rabbitmq.conf").write_text("disk_free_limit.absolute = 50MB\n")
    (folder / "rabbitmq-env.conf").write_text("")
    environ = rabbitmq_environ(folder, port)
    mapper = [shutil.which("epmd") or "epmd", "-port", environ["ERL_EPMD_PORT"]]
    return [
        Launch(mapper, environ),
        Launch([rabbitmq_program("rabbitmq-server") or "rabbitmq-server"], environ),
    ]


RABBITMQ = Service(
    name="rabbitmq",
    title="RabbitMQ",
    port_variable="IM_AMQP_PORT",
    port=5672,
    packages=("rabbitmq-server",),
    program=lambda: rabbitmq_program("rabbitmq-server"),
    prepare=_prepare,
    version=rabbitmq_version,
)

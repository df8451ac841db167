"""nginx from the distribution's package: one worker, one static file, nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from scripts.stack.nginx import find
from scripts.stack.probe import ask
from scripts.stack.service import Launch, Service

FILE = "node.json"
"""The file that it serves; it lies in `www` in the instance's folder."""

_CONFIG = """\
{user}
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    types {{ application/json json; }}
    sendfile on;
    open_file_cache max=10;
    keepalive_timeout 300;
    keepalive_requests 1000000000;
    client_body_temp_path tmp;
    proxy_temp_path tmp;
    fastcgi_temp_path tmp;
    uwsgi_temp_path tmp;
    scgi_temp_path tmp;
    server {{ listen 127.0.0.1:{port}; root www; }}
}}
"""


def _prepare(folder: Path, port: int) -> list[Launch]:
    for name in ("www", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    # As root it would drop to a user who need not be able to reach the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_CONFIG.format(user=user, port=port))
    program = find() or "nginx"
    return [Launch([program, "-e", "stderr", "-p", str(folder), "-c", "nginx.conf"])]


def _version(host: str, port: int) -> str | None:
    answer = ask(host, port, b"HEAD / HTTP/1.0\r\n\r\n")
    _, found, rest = answer.partition(b"Server: nginx/")
    return rest.split(b"\r\n", 1)[0].decode("ascii", "replace") if found else None


NGINX = Service(
    name="nginx",
    title="nginx",
    port_variable="IM_NGINX_PORT",
    port=0,
    packages=("nginx",),
    program=find,
    prepare=_prepare,
    version=_version,
)

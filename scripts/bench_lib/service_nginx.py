"""nginx from the distribution's package: one worker, and a static file or WebSockets to pass on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from cluster.frames import DEFAULT_PATH
from scripts.bench_lib.connection import Address
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
events {{ worker_connections 8192; }}
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
{servers}
}}
"""

_FILES = "    server {{ listen 127.0.0.1:{port}; root www; }}"

# As in deploy/nginx/im.conf, as far as it costs anything.
_FRONT = """\
    upstream im {{ {nodes} }}
    server {{
        listen 127.0.0.1:{port};
        location = {path} {{
            proxy_pass http://im;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Via "1.1 nginx";
            proxy_read_timeout 90s;
            proxy_buffering off;
        }}
    }}"""


def _prepare(folder: Path, port: int, servers: str) -> list[Launch]:
    for name in ("www", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    # As root it would drop to a user who need not be able to reach the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_CONFIG.format(user=user, servers=servers))
    program = find() or "nginx"
    return [Launch([program, "-e", "stderr", "-p", str(folder), "-c", "nginx.conf"])]


def _version(host: str, port: int) -> str | None:
    answer = ask(host, port, b"HEAD / HTTP/1.0\r\n\r\n")
    _, found, rest = answer.partition(b"Server: nginx/")
    return rest.split(b"\r\n", 1)[0].decode("ascii", "replace") if found else None


def _service(servers: Callable[[int], str]) -> Service:
    return Service(
        name="nginx",
        title="nginx",
        port_variable="IM_NGINX_PORT",
        port=0,
        packages=("nginx",),
        program=find,
        prepare=lambda folder, port: _prepare(folder, port, servers(port)),
        version=_version,
    )


NGINX = _service(lambda port: _FILES.format(port=port))


def nginx_before(nodes: Sequence[Address]) -> Service:
    """Return nginx that passes WebSockets on to nodes."""
    servers = " ".join(f"server {host}:{port};" for host, port in nodes)
    return _service(lambda port: _FRONT.format(nodes=servers, port=port, path=DEFAULT_PATH))

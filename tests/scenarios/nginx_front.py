"""A real nginx before a cluster, configured by the file that `deploy/` ships."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from scripts.stack import nginx
from scripts.stack.paths import ROOT
from scripts.stack.ports import free_port
from scripts.stack.probe import listens
from tests.services import eventually

_MAIN = """\
user root;
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path tmp;
    proxy_temp_path tmp;
    fastcgi_temp_path tmp;
    uwsgi_temp_path tmp;
    scgi_temp_path tmp;
    include {site};
}}
"""


class NginxFront:
    """One nginx; its folder holds all that it reads and writes."""

    def __init__(self, folder: Path) -> None:
        program = nginx.find()
        if program is None:
            pytest.fail("nginx is missing: run as root: apt-get install nginx", pytrace=False)
        self.folder = folder
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        # What `balancer nginx` writes.
        self.upstream = folder / "im_upstream.conf"
        self.command = f"{program} -p {folder} -c {folder}/nginx.conf -e {folder}/error.log"
        self.test = f"{self.command} -t"
        self.reload = f"{self.command} -s reload"
        (folder / "tmp").mkdir(parents=True)
        site = (ROOT / "deploy" / "nginx" / "im.conf").read_text()
        site = site.replace("/etc/nginx/im_upstream.conf;", f"{self.upstream};")
        site = site.replace("    listen 80;", f"    listen 127.0.0.1:{self.port};")
        (folder / "site.conf").write_text(site)
        (folder / "nginx.conf").write_text(_MAIN.format(site=folder / "site.conf"))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it; the upstream's file has to be there."""
        process = await asyncio.create_subprocess_exec(*self.command.split())
        try:
            await eventually(lambda: listens("127.0.0.1", self.port))
            yield
        finally:
            process.terminate()
            await process.wait()

    async def is_valid(self) -> bool:
        """Tell whether nginx takes its configuration as it is now."""
        process = await asyncio.create_subprocess_exec(
            *self.test.split(), stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait() == 0

"""nginx is started with settings that let it be as fast as it can be."""

from __future__ import annotations

import socket
from pathlib import Path

from scripts.bench_lib.service_nginx import NGINX, nginx_before


def test_one_worker_serves_files_of_its_folder(tmp_path: Path) -> None:
    [launch] = NGINX.prepare(tmp_path, 20123)
    config = (tmp_path / "nginx.conf").read_text()
    assert "worker_processes 1;" in config
    assert "listen 127.0.0.1:20123; root www;" in config
    assert "{" * 2 not in config
    assert (tmp_path / "www").is_dir()
    assert launch.command[-4:] == ["-p", str(tmp_path), "-c", "nginx.conf"]


def test_another_passes_websockets_on_to_nodes(tmp_path: Path) -> None:
    nginx_before([("127.0.0.1", 7001), ("127.0.0.1", 7002)]).prepare(tmp_path, 20123)
    config = (tmp_path / "nginx.conf").read_text()
    assert "upstream im { server 127.0.0.1:7001; server 127.0.0.1:7002; }" in config
    assert "location = /ws {" in config
    assert config.count("{") == config.count("}")
    assert "{" * 2 not in config


def test_nothing_that_listens_is_taken_for_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert NGINX.version("127.0.0.1", port) is None

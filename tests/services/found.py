"""Find the services for a test run. What is missing fails, with its cure in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import pytest

from scripts.stack.docker import engine_answers, has_image, pull
from scripts.stack.zookeeper_container import remove_leftovers
from scripts.stack.zookeeper_image import OFFICIAL, TAG
from tests.services.zookeeper import LABEL, OwnZooKeeper, ZooKeeper, ZooKeeperElsewhere


def find_zookeeper(environ: Mapping[str, str]) -> ZooKeeper:
    """Return a running ZooKeeper: the one of IM_TEST_ZK, else a new container."""
    elsewhere = environ.get("IM_TEST_ZK")
    if elsewhere:
        return ZooKeeperElsewhere(elsewhere)
    return new_container(find_image(environ))


def find_own_zookeeper(environ: Mapping[str, str]) -> ZooKeeper:
    """Return a new container; without Docker the one of IM_TEST_ZK, which refuses to be stopped."""
    elsewhere = environ.get("IM_TEST_ZK")
    if elsewhere and not engine_answers():
        return ZooKeeperElsewhere(elsewhere)
    return new_container(find_image(environ))


def find_image(environ: Mapping[str, str]) -> str:
    """Return an image that the engine holds: the named, the official, or the one made here."""
    cure = "start Docker, or set IM_TEST_ZK=HOST:PORT; scripts/test does all of it"
    if not engine_answers():
        pytest.fail(f"no Docker engine for ZooKeeper: {cure}", pytrace=False)
    named = environ.get("IM_TEST_ZOOKEEPER_IMAGE")
    if not named and has_image(TAG) and not has_image(OFFICIAL):
        return TAG
    image = named or OFFICIAL
    why = pull(image)
    if why is not None:
        cure = f"run scripts/zookeeper-image and set IM_TEST_ZOOKEEPER_IMAGE={TAG}"
        pytest.fail(f"no image {image} ({why}): {cure}", pytrace=False)
    return image


def new_container(image: str) -> OwnZooKeeper:
    """Start a container of ZooKeeper and return when it serves."""
    remove_leftovers(LABEL)
    container = OwnZooKeeper(image)
    try:
        container.create()
    except BaseException:
        container.remove()
        raise
    return container


def find_server(
    title: str, url: str, default_port: int, probe: Callable[[str, int], str | None]
) -> str:
    """Return the version of the server at `url` and where it is, for the summary."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or default_port
    version = probe(host, port)
    if version is None:
        cure = f"scripts/services up {title.lower()}"
        pytest.fail(f"no {title} answers at {host}:{port}: {cure}", pytrace=False)
    return f"{version} at {host}:{port}"

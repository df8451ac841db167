"""What the commands share: each says in one line what is missing or in the way, and the cure."""

from __future__ import annotations

import errno

import click
import pytest
from click.testing import CliRunner

from balancer.cli_common import listening_on, needed_zookeeper, run, trusted_proxy_option
from balancer.client_address import Network
from cluster.address import ZookeeperAddress
from cluster.errors import ServiceUnavailable


@click.command(context_settings={"auto_envvar_prefix": "X"})
@trusted_proxy_option
def command(trusted_proxy: tuple[Network, ...]) -> None:
    """Say which networks were named."""
    click.echo(" ".join(map(str, trusted_proxy)))


def test_networks_are_named_one_by_one_or_in_the_environment() -> None:
    arguments = ("--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "::1")
    assert CliRunner().invoke(command, arguments).output == "10.0.0.0/8 ::1/128\n"
    environment = {"X_TRUSTED_PROXY": "10.0.0.0/8 127.0.0.1"}
    assert CliRunner().invoke(command, env=environment).output == "10.0.0.0/8 127.0.0.1/32\n"


def test_zookeeper_is_needed() -> None:
    assert needed_zookeeper("zk1:2181/im", "start") == ZookeeperAddress("zk1:2181", "/im")
    with pytest.raises(click.UsageError, match=r"--zk is missing.*'balancer start --zk"):
        needed_zookeeper(None, "start")


def test_a_registry_that_was_not_reached_is_told_with_the_cure() -> None:
    async def program() -> None:
        raise ServiceUnavailable("ZooKeeper", "zk1", "refused")

    with pytest.raises(click.ClickException, match=r"ZooKeeper at zk1: refused; .*--zk"):
        run(program())


@pytest.mark.parametrize("before", ["", "error while attempting to bind on ('::1', 1, 0, 0): "])
def test_an_address_in_use_is_told_once(before: str) -> None:
    told = "cannot listen on HERE: address already in use; name another --port"
    with pytest.raises(click.ClickException) as caught, listening_on("HERE", "--port"):
        raise OSError(errno.EADDRINUSE, f"{before}address already in use")
    assert caught.value.message == told

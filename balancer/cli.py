"""The command `balancer`. Only the modules `cli*` of the package read the environment."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import click

from balancer.cli_admin import admin_options, read_admin_token
from balancer.cli_common import (
    listening_on,
    needed_zookeeper,
    probe_option,
    registry_options,
    run,
    trusted_proxy_option,
)
from balancer.cli_gateway import gateway
from balancer.cli_nginx import nginx
from balancer.client_address import Network
from balancer.policy import DEFAULT_POLICY, POLICIES
from balancer.running import catch_signals, until
from balancer.service import BalancerService
from balancer.settings import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_PROBE, BalancerSettings
from cluster import __version__
from cluster.address import join_host_port, reachable_host
from cluster.completion import completion_command
from cluster.config_file import (
    config_option,
    use_for_command,
    use_for_group,
    warn_of_open_secrets,
)
from cluster.file_limit import raise_file_limit
from cluster.log import set_up_logging
from cluster.options import CONTEXT_SETTINGS, cluster_option, log_options, zk_option
from cluster.registry import Registry
from cluster.registry_zookeeper import ZookeeperRegistry

_log = logging.getLogger(__name__)


@click.group(context_settings={**CONTEXT_SETTINGS, "auto_envvar_prefix": "IM_BALANCER"})
@click.version_option(__version__, "-V", "--version", prog_name="balancer")
@config_option()
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """Tell clients which node of a messaging cluster to connect to.

    \b
    Example:
      server start --zk &                      # a node
      balancer start --zk &                    # a balancer beside it
      curl http://127.0.0.1:7000/v1/node       # the node to connect to
      curl http://127.0.0.1:7000/v1/nodes      # all of them
      open http://127.0.0.1:7000/              # the cluster, in a browser

    For clients that can have one address only there are 'balancer nginx', which keeps nginx's list
    of nodes in step, and 'balancer gateway', which passes connections on by itself.

    Every option can be given in the environment: --port of `balancer start` is
    IM_BALANCER_START_PORT; or in a file, which --config names.
    """
    use_for_group(context, config)


main.add_command(completion_command("balancer"))


@main.command()
@config_option(is_eager=True, expose_value=False, callback=use_for_command)
@zk_option
@cluster_option
@click.option(
    "--host",
    default=DEFAULT_HOST,
    show_envvar=True,
    metavar="ADDRESS",
    help="Address to listen on; 0.0.0.0 is every interface, 127.0.0.1 this machine alone.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_envvar=True,
    help="Port to listen on; 0 for any free one.",
)
@click.option(
    "--policy",
    type=click.Choice(POLICIES),
    default=DEFAULT_POLICY,
    show_envvar=True,
    help="How to pick for a request that names no policy.",
)
@click.option(
    "--zone",
    default="",
    show_envvar=True,
    help="Prefer the nodes of this zone for a request that names no zone.",
)
@trusted_proxy_option
@probe_option(DEFAULT_PROBE, "avoided")
@registry_options
@admin_options
@log_options
@click.pass_context
def start(
    context: click.Context,
    /,
    zk: str | None,
    trusted_proxy: tuple[Network, ...],
    allow_admin: bool,
    admin_token: str | None,
    admin_token_file: Path | None,
    log_level: str,
    log_format: str,
    **options: Any,
) -> None:
    """Hand out nodes over HTTP, and show the cluster in a browser.

    It answers until SIGTERM or Ctrl-C; a second one ends it at once.

    \b
    Examples:
      balancer start --zk                                  # ZooKeeper on this machine
      balancer start --zk zk1:2181,zk2:2181/im --port 80
      balancer start --zk --policy least_loaded --zone east
      balancer start --zk --trusted-proxy 10.0.0.0/8       # behind a proxy
      balancer start --zk --cache /var/lib/im/nodes.json   # start even without ZooKeeper
      balancer start --zk --allow-admin --admin-token-file token   # the page can drain nodes
      balancer start --config balancer.toml                # options from a file

    In a browser, http://HOST:PORT/ shows the cluster.

    \b
    Exit codes: 0 stopped by SIGTERM or Ctrl-C; 1 the port, or ZooKeeper within --wait, could not be
    had; 2 a wrong option.
    """
    address = needed_zookeeper(zk, "start")
    set_up_logging(log_level, log_format)
    warn_of_open_secrets(context)
    raise_file_limit()
    settings = BalancerSettings(
        zk=address,
        trusted_proxies=trusted_proxy,
        admin_token=read_admin_token(allow_admin, admin_token, admin_token_file),
        **options,
    )
    run(serve(settings, ZookeeperRegistry(address, settings.cluster)))


async def serve(settings: BalancerSettings, registry: Registry) -> None:
    """Run a balancer until a signal comes.

    Raises:
        ClickException: the address cannot be listened on.
        ServiceUnavailable: the registry was not reached in time.
    """
    service = BalancerService(settings, registry)
    stopping = asyncio.Event()
    catch_signals(stopping)
    try:
        url = await _listen(service, settings)
        _log.info("balancer of the cluster '%s' listens on %s", settings.cluster, url)
        await until(stopping, service.joined())
    finally:
        await service.stop()
    _log.info("balancer stopped")


async def _listen(service: BalancerService, settings: BalancerSettings) -> str:
    """Start the service; return the URL by which it is reached."""
    with listening_on(join_host_port(settings.host, settings.port), "--host or --port"):
        port = await service.start()
    return f"http://{join_host_port(reachable_host(settings.host), port)}"


main.add_command(gateway)
main.add_command(nginx)

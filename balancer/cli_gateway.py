"""The command `balancer gateway`."""

import asyncio
import logging
from typing import Any

import click

from balancer.cli_admin_port import admin_port_options
from balancer.cli_common import (
    listening_on,
    needed_zookeeper,
    registry_options,
    run,
    trusted_proxy_option,
)
from balancer.client_address import Network
from balancer.gateway_service import GatewayService
from balancer.gateway_settings import (
    DEFAULT_DRAIN_WITHIN,
    DEFAULT_LISTEN,
    DEFAULT_PATIENCE,
    GatewaySettings,
    check_path,
    parse_listen,
)
from balancer.policy import DEFAULT_POLICY, POLICIES
from balancer.running import catch_signals, until
from cluster.address import join_host_port, reachable_host
from cluster.config_file import config_option, use_for_command
from cluster.file_limit import raise_file_limit, room_for_connections
from cluster.frames import DEFAULT_PATH
from cluster.log import set_up_logging
from cluster.options import checked, cluster_option, log_options, zk_option
from cluster.registry import Registry
from cluster.registry_zookeeper import ZookeeperRegistry

_log = logging.getLogger(__name__)

# Files that each client takes: its own connection, and that to its node.
_FILES_EACH = 2


@click.command()
@config_option(is_eager=True, expose_value=False, callback=use_for_command)
@zk_option
@cluster_option
@click.option(
    "--listen",
    default=DEFAULT_LISTEN,
    metavar="[HOST:]PORT",
    show_envvar=True,
    callback=checked(parse_listen),
    help="Where clients connect; without a host on every interface. Port 0 is any free one.",
)
@click.option(
    "--path",
    default=DEFAULT_PATH,
    show_envvar=True,
    callback=checked(check_path),
    help="The path that is passed on, and no other; the nodes have to serve the same.",
)
@click.option(
    "--policy",
    type=click.Choice(POLICIES),
    default=DEFAULT_POLICY,
    show_envvar=True,
    help="How to pick a node. ip_hash and consistent_hash go by the client's address.",
)
@click.option(
    "--zone", default="", show_envvar=True, help="Prefer the nodes of this zone to all others."
)
@trusted_proxy_option
@click.option(
    "--max-connections",
    type=click.IntRange(min=1),
    metavar="N",
    show_envvar=True,
    help="Clients at one time; further ones get 503. Without it, half of what the limit of open "
    "files leaves room for.",
)
@click.option(
    "--drain-within",
    type=click.FloatRange(min=0),
    default=DEFAULT_DRAIN_WITHIN,
    metavar="SECONDS",
    show_envvar=True,
    help="Close the connections one after the other, spread over so long, after SIGTERM.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=1),
    default=DEFAULT_PATIENCE,
    metavar="SECONDS",
    show_envvar=True,
    help="Cut off a client that takes nothing of what waits for it for so long.",
)
@registry_options
@admin_port_options
@log_options
def gateway(
    zk: str | None,
    listen: str,
    trusted_proxy: tuple[Network, ...],
    log_level: str,
    log_format: str,
    **options: Any,
) -> None:
    """Pass WebSockets on to the nodes, for clients with one address.

    It is for those that can have one address only: all bytes go through here, so who can, connects
    to the nodes. Each connection is passed on to a node that is picked for it, and to the next one
    if that does not take it.

    \b
    Examples:
      balancer gateway --zk                               # ws://THIS-MACHINE:7777/ws
      balancer gateway --zk zk1:2181/im --listen 127.0.0.1:80 --policy least_loaded
      balancer gateway --zk --admin-port 7778 --cache /var/lib/im/nodes.json

    \b
    Exit codes: 0 stopped by SIGTERM or Ctrl-C, its connections given --drain-within; 1 a port, or
    ZooKeeper within --wait, could not be had; 2 a wrong option.
    """
    address = needed_zookeeper(zk, "gateway")
    set_up_logging(log_level, log_format)
    host, port = parse_listen(listen)
    options["max_connections"] = options["max_connections"] or _room()
    settings = GatewaySettings(
        zk=address, host=host, port=port, trusted_proxies=trusted_proxy, **options
    )
    run(serve(settings, ZookeeperRegistry(address, settings.cluster)))


async def serve(settings: GatewaySettings, registry: Registry) -> None:
    """Run a gateway until a signal comes.

    Raises:
        ClickException: an address cannot be listened on.
        ServiceUnavailable: the registry was not reached in time.
    """
    service = GatewayService(settings, registry)
    stopping = asyncio.Event()
    catch_signals(stopping)
    try:
        port = await _start(service, settings)
        place = join_host_port(reachable_host(settings.host), port)
        _log.info(
            "gateway of the cluster '%s' listens on ws://%s%s",
            settings.cluster,
            place,
            settings.path,
        )
        await until(stopping, service.joined())
    finally:
        within = settings.drain_within if stopping.is_set() else 0.0
        count = service.gateway.connections
        if count:
            _log.info("%d connections may go on for %g s", count, within)
        await service.stop(within)
    _log.info("gateway stopped")


async def _start(service: GatewayService, settings: GatewaySettings) -> int:
    place = join_host_port(settings.host, settings.port)
    with listening_on(f"{place}, or on the admin port", "--listen or --admin-port"):
        return await service.start()


def _room() -> int | None:
    """Return how many clients the limit of open files leaves room for; None if there is none."""
    raise_file_limit()
    room = room_for_connections()
    return None if room is None else max(1, room // _FILES_EACH)

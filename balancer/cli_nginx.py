"""The command `balancer nginx`."""

import asyncio
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import click

from balancer.cli_admin_port import admin_port_options
from balancer.cli_common import listening_on, needed_zookeeper, probe_option, run
from balancer.nginx_follower import Outcome
from balancer.nginx_service import NginxService
from balancer.nginx_settings import DEFAULT_PROBE, DEFAULT_TEST, NginxSettings
from balancer.nginx_upstream import DEFAULT_METHOD, DEFAULT_UPSTREAM, METHODS, check_upstream
from balancer.running import catch_signals, until
from cluster.config_file import config_option, use_for_command
from cluster.log import set_up_logging
from cluster.options import checked, cluster_option, log_options, zk_option
from cluster.registry import Registry
from cluster.registry_zookeeper import ZookeeperRegistry

_log = logging.getLogger(__name__)

# What to do about an attempt of --once that came to nothing.
_CURES = {
    Outcome.STALE: "is ZooKeeper well? --wait SECONDS gives it more time",
    Outcome.EMPTY: "start one with 'server start', or name another --cluster",
    Outcome.NOT_WRITTEN: "the line before says why; name another --out",
    Outcome.REFUSED: "the line before says why; the old file is back",
    Outcome.NOT_RELOADED: "the line before says why; see --reload",
}


def _check_out(_context: click.Context, _parameter: click.Parameter, value: Path) -> Path:
    """Refuse a place where no file can be put, before anything else is tried."""
    folder = value.resolve().parent
    if not folder.is_dir():
        raise click.BadParameter(f"there is no folder {folder}: make it, or name another --out")
    if not os.access(folder, os.W_OK):
        raise click.BadParameter(
            f"{folder} cannot be written to: run this as a user who may, or name another --out"
        )
    return value


def _check_test(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Refuse a check that cannot be made: every file would be put back."""
    if value == DEFAULT_TEST and shutil.which("nginx") is None:
        raise click.BadParameter(
            "there is no nginx on the PATH: name the command by --test 'CMD', "
            "or check nothing by --test ''"
        )
    return value.strip()


@click.command()
@config_option(is_eager=True, expose_value=False, callback=use_for_command)
@zk_option
@cluster_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    show_envvar=True,
    callback=_check_out,
    help="The file to keep in step; nginx's configuration includes it.",
)
@click.option(
    "--upstream",
    default=DEFAULT_UPSTREAM,
    metavar="NAME",
    show_envvar=True,
    callback=checked(check_upstream),
    help="Name of the upstream, for 'proxy_pass http://NAME'.",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default=DEFAULT_METHOD,
    show_envvar=True,
    help="How nginx picks a node.",
)
@click.option(
    "--test",
    default=DEFAULT_TEST,
    metavar="CMD",
    show_envvar=True,
    callback=_check_test,
    help="Command for the shell that checks nginx's configuration with the new file in place; if "
    "it fails, the old file is put back. Empty: no check.",
)
@click.option(
    "--reload",
    default="",
    metavar="CMD",
    show_envvar=True,
    help="Command for the shell that has nginx read its configuration anew: 'nginx -s reload', "
    "'systemctl reload nginx'. Without it the file is written and that is all.",
)
@probe_option(DEFAULT_PROBE, "marked 'down'")
@click.option(
    "--once",
    is_flag=True,
    show_envvar=True,
    help="Bring the file up to date and end: exit code 0 if it is, 1 if it could not be done.",
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    show_envvar=True,
    help="Give up, with exit code 1, if ZooKeeper was not reached within so many seconds; "
    "without it 10 with --once, else it is tried for ever.",
)
@admin_port_options
@log_options
def nginx(zk: str | None, log_level: str, log_format: str, **options: Any) -> None:
    """Keep a file with nginx's upstream in step with the nodes.

    The file holds one 'upstream NAME { … }', draining and dead nodes marked 'down'. It is replaced
    as a whole, tested, and put back if the test fails. While ZooKeeper cannot confirm the list, or
    no node is left, it stays as it is.

    \b
    Examples:
      balancer nginx --zk --out /etc/nginx/im_upstream.conf --reload 'systemctl reload nginx'
      balancer nginx --zk zk1:2181/im --out up.conf --method least_conn --reload 'nginx -s reload'
      balancer nginx --zk --out up.conf --test '' --once      # write it, and nothing else

    \b
    Exit codes: 0 stopped by SIGTERM or Ctrl-C, or --once and it is done; 1 it could not be done;
    2 a wrong option.
    """
    address = needed_zookeeper(zk, "nginx")
    set_up_logging(log_level, log_format)
    settings = NginxSettings(**options)
    run(serve(settings, ZookeeperRegistry(address, settings.cluster)))


async def serve(settings: NginxSettings, registry: Registry) -> None:
    """Follow the registry until a signal comes, or once.

    Raises:
        ClickException: the admin port cannot be listened on, or --once could not be done.
        ServiceUnavailable: the registry was not reached in time.
    """
    service = NginxService(settings, registry)
    stopping = asyncio.Event()
    catch_signals(stopping)
    try:
        if settings.once:
            await _once(service, stopping)
            return
        await _start(service, settings)
        _log.info("%s follows the cluster '%s'", settings.out, settings.cluster)
        await until(stopping, service.joined())
    finally:
        await service.stop()
    _log.info("%s stays as it is: stopped", settings.out)


async def _once(service: NginxService, stopping: asyncio.Event) -> None:
    done: list[Outcome] = []

    async def do() -> None:
        done.append(await service.once())
        stopping.set()

    await until(stopping, do())
    if not done:
        raise click.ClickException("--once: stopped before it was done; run it again")
    [outcome] = done
    if outcome is not Outcome.IN_STEP:
        raise click.ClickException(f"--once: {outcome.value}; {_CURES[outcome]}")


async def _start(service: NginxService, settings: NginxSettings) -> None:
    place = f"{settings.admin_host}, port {settings.admin_port}"
    with listening_on(place, "--admin-port"):
        await service.start()

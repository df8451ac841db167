"""`server doctor`: whether the services and this machine are fit for a node."""

import asyncio
import logging
import shutil
import sys
from typing import Any

import click

from cluster.address import DEFAULT_ZOOKEEPER, parse_zookeeper
from cluster.options import CONTEXT_SETTINGS, cluster_option, zk_option
from server.doctor import report
from server.doctor.examination import Patient, examine
from server.doctor.finding import has_failed
from server.doctor.machine import LEAST_FILES
from server.start_options import (
    amqp_option,
    redis_option,
    session_timeout_option,
)


@click.command(context_settings=CONTEXT_SETTINGS)
@zk_option
@redis_option
@amqp_option
@cluster_option
@session_timeout_option
@click.option(
    "--max-connections",
    type=click.IntRange(min=1),
    metavar="N",
    show_envvar=True,
    help="For how many clients the limit of open files has to leave room.  "
    f"[default: it has to be {LEAST_FILES}]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 60.0),
    default=3.0,
    metavar="SECONDS",
    show_envvar=True,
    help="How long a service may take for an answer.",
)
@click.option(
    "--json",
    is_flag=True,
    show_envvar=True,
    help="Print the findings as JSON, for programs.",
)
@click.pass_context
def doctor(context: click.Context, /, zk: str | None, json: bool, **options: Any) -> None:
    """Examine the services and this machine, as a node finds them.

    Give it the options of the node. It prints a line for each finding: OK, WARN or FAIL, what was
    found, why it matters, and the cure. Nothing is changed, and what is tried is removed.

    \b
    Examples:
      server doctor --zk
      server doctor --zk zk1:2181/prod --redis redis://r1 --amqp amqp://mq1
      server --config im.toml doctor --json

    \b
    Exit codes: 0 no FAIL; 1 at least one; 2 a wrong option.
    """
    # What the libraries log of a service that is away stands in the report.
    logging.basicConfig(handlers=[logging.NullHandler()])
    patient = Patient(zk=parse_zookeeper(zk or DEFAULT_ZOOKEEPER), **options)
    findings = asyncio.run(examine(patient))
    if json:
        click.echo(report.as_json(findings))
    elif sys.stdout.isatty():
        columns = shutil.get_terminal_size().columns
        click.echo("\n".join(report.for_terminal(findings, columns)))
    else:
        click.echo("\n".join(report.as_lines(findings)))
    context.exit(1 if has_failed(findings) else 0)

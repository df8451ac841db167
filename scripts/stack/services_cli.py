"""The command line of `scripts/services`. The only place there that reads the environment."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from scripts.stack import services
from scripts.stack.catalog import SERVICES, Wanted, wanted
from scripts.stack.errors import StackError
from scripts.stack.say import complain, say

_EPILOG = """\
ports: IM_ZK_PORT (2181), IM_REDIS_PORT (6379), IM_AMQP_PORT (5672)

examples:
  scripts/services up                  all three
  scripts/services up redis rabbitmq   two of them
  IM_REDIS_PORT=16379 scripts/services up redis
  scripts/services down                what was started here, on whatever port
"""


def main(words: Sequence[str]) -> int:
    """Do what the words say; return the exit code: 0 done, 1 not possible, 2 not understood."""
    parser = argparse.ArgumentParser(
        prog="scripts/services",
        description="Start, show and end ZooKeeper, Redis and RabbitMQ for this project.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("service", nargs="*", help=f"{', '.join(SERVICES)}; default: all")
    given = parser.parse_args(words)
    try:
        return _act(given.action, given.service)
    except StackError as error:
        complain(f"scripts/services: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _act(action: str, names: Sequence[str]) -> int:
    if action == "up":
        services.up(names, os.environ)
    elif action == "status":
        return 0 if services.status(names, os.environ) else 1
    else:
        ours = _meant(names)
        services.end(ours)
        if not ours:
            say("nothing to end: no service was started from here")
    return 0


def _meant(names: Sequence[str]) -> list[Wanted]:
    """Return what was started here under these names; of a service whose port is set, that one."""
    asked = {each.service.name: each.port for each in wanted(names, os.environ)}
    return [
        each
        for each in services.started_here(names)
        if not os.environ.get(each.service.port_variable) or asked[each.service.name] == each.port
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The command line of `scripts/cluster`. The only place there that reads the environment."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from scripts.stack import cluster
from scripts.stack.errors import StackError
from scripts.stack.say import complain

_EPILOG = """\
ports: IM_NODE_PORT (7177; the second node has the next, /readyz is ten above),
       IM_BALANCER_PORT (7000), IM_ZK_PORT (2181), IM_REDIS_PORT (6379), IM_AMQP_PORT (5672)

example:
  scripts/cluster up
  .venv/bin/server nodes --zk
  .venv/bin/server chat --as alice --balancer http://127.0.0.1:7000
  scripts/cluster down
"""


def main(words: Sequence[str]) -> int:
    """Do what the words say; return the exit code: 0 done, 1 not possible, 2 not understood."""
    parser = argparse.ArgumentParser(
        prog="scripts/cluster",
        description="Run the services, two nodes and a balancer on this machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=["up", "down", "status"])
    action = parser.parse_args(words).action
    try:
        if action == "status":
            return 0 if cluster.status(os.environ) else 1
        if action == "up":
            cluster.up(os.environ)
        else:
            cluster.down()
    except StackError as error:
        complain(f"scripts/cluster: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

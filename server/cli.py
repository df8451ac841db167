"""The command `server`. The only module of the node that knows options and the environment."""

from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from cluster import __version__
from cluster.completion import completion_command
from cluster.config_file import config_option, use_for_group
from cluster.options import CONTEXT_SETTINGS
from server.cli_doctor import doctor
from server.cli_drain import drain
from server.cli_inbox import inbox
from server.cli_nodes import nodes
from server.cli_start import start
from server.cli_top import top
from server.cli_trace import trace


class _Group(click.Group):
    """A group whose commands may also come from parts that stand above this one.

    `server chat` and `server send` are clients. They are found by their entry point, so that the
    node need not import the SDK.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See `click.Group`."""
        return sorted({*super().list_commands(ctx), *(p.name for p in _from_above())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See `click.Group`."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            return command
        for point in _from_above():
            if point.name == cmd_name:
                loaded = point.load()
                assert isinstance(loaded, click.Command)
                return loaded
        return None


def _from_above() -> Any:
    return entry_points(group="im.server_commands")


@click.group(
    cls=_Group,
    context_settings={**CONTEXT_SETTINGS, "auto_envvar_prefix": "IM_SERVER"},
)
@click.version_option(__version__, "-V", "--version", prog_name="server")
@config_option()
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """Run and use the nodes of a WebSocket messaging cluster.

    \b
    One node by itself, no services needed:
      server start
    Two nodes of a cluster, and a look at them:
      server start --zk 127.0.0.1:2181 --port 7177
      server start --zk 127.0.0.1:2181 --port 7178
      server nodes --zk
    What they do now, a message's way, and what waits for a user:
      server top
      server trace 6f1d0c2ab34e-17
      server inbox bob
    Whether the services and this machine are fit for it:
      server doctor --zk
    One of them out of service, its clients moved to the others first:
      server drain 192.0.2.7:7178 --zk
    A message from the shell, and a conversation:
      server send --zk alice bob 'hello'
      server chat --zk --as bob

    Every option can be given in the environment: --port of `server start` is
    IM_SERVER_START_PORT; or in a file, which --config names.
    """
    use_for_group(context, config)


main.add_command(start)
main.add_command(nodes)
main.add_command(drain)
main.add_command(trace)
main.add_command(inbox)
main.add_command(top)
main.add_command(completion_command("server"))
main.add_command(doctor)

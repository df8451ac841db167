"""A click command whose `--zk` may stand without a value in front of arguments."""

import click

from cluster.address import DEFAULT_ZOOKEEPER


class ZkCommand(click.Command):
    """Takes the word after `--zk` for its value only if it looks like an address.

    click takes any word, so that in `send --zk alice bob hello` alice would be the ensemble.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; see `click.Command.parse_args`."""
        return super().parse_args(ctx, spell_out_zk(args))


def spell_out_zk(args: list[str]) -> list[str]:
    """Return the arguments with the value of each bare `--zk` written out.

    A word with `:` or `/` is an address; `--zk=VALUE` takes any other. What follows `--` is left
    alone.
    """
    out, rest = [], list(args)
    while rest and rest[0] != "--":
        word = rest.pop(0)
        if word == "--zk":
            named = bool(rest) and any(c in rest[0] for c in ":/")
            word = f"--zk={rest.pop(0) if named else DEFAULT_ZOOKEEPER}"
        out.append(word)
    return out + rest

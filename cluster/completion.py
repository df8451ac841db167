"""The command `completion`: the script with which a shell completes a program's commands."""

import click
from click.shell_completion import get_completion_class

from cluster.options import CONTEXT_SETTINGS

SHELLS = ("bash", "zsh", "fish")


def completion_command(program: str) -> click.Command:
    """Make the command for a program.

    Args:
        program: its name, as it is typed.
    """

    @click.command("completion", context_settings=CONTEXT_SETTINGS)
    @click.argument("shell", type=click.Choice(SHELLS))
    @click.pass_context
    def completion(context: click.Context, shell: str) -> None:
        click.echo(script(context.find_root().command, program, shell))

    completion.help = f"""Print the script by which SHELL completes the commands.

    \b
    Examples:
      {program} completion bash > ~/.local/share/bash-completion/completions/{program}
      {program} completion zsh > "${{fpath[1]}}/_{program}"
      {program} completion fish > ~/.config/fish/completions/{program}.fish
      source <({program} completion bash)       # for this shell alone
    """
    return completion


def script(command: click.Command, program: str, shell: str) -> str:
    """Return the script, which asks the program itself what there is."""
    kind = get_completion_class(shell)
    assert kind is not None, shell
    variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
    return kind(command, {}, program, variable).source()

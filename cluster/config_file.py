"""A file with options for a command-line program: `--config im.toml`.

It has a table for each command, and `[common]` for what several commands share:

    [common]
    zk = "zk1:2181,zk2:2181/prod"

    [start]
    port = 7177
    origin = ["https://chat.example.org"]

Keys are the options' names, with dashes or underscores. The file only says what click takes where
neither the command line nor the environment says anything (`Context.default_map`): options are
declared where they always were, and nothing here knows one by name, but for those that are secret.
"""

import logging
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cluster.address import without_password

COMMON = "common"

# Options whose value nobody else may know; so may no password in a URL.
_SECRETS = frozenset({"admin_token", "auth_secret", "token"})
# Where a context keeps what `warn_of_open_secrets` is to say.
_META = "cluster.config_file"

_log = logging.getLogger(__name__)

Table = dict[str, Any]


def config_option(**attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--config`, to a group or to a command of one."""
    return click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        show_envvar=True,
        help="Take options from this TOML file; the command line and the environment win.",
        **attributes,
    )


def use_for_command(context: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    """Take a command's options from a file: the callback of its own `--config`, which is eager.

    Raises:
        click.UsageError: see `read_config`.
    """
    if path is not None and not context.resilient_parsing:
        assert context.parent is not None
        assert context.info_name is not None
        tables = _use(context.parent, context.info_name, path)
        context.default_map = tables.get(context.info_name, {})


def use_for_group(context: click.Context, path: Path | None) -> None:
    """Take the options of a group's commands from a file; for the body of the group.

    Raises:
        click.UsageError: see `read_config`.
    """
    if path is not None and context.invoked_subcommand is not None:
        context.default_map = _use(context, context.invoked_subcommand, path)


def warn_of_open_secrets(context: click.Context) -> None:
    """Log a warning if the file holds a secret and everyone on the machine may read it."""
    path = context.meta.get(_META)
    if path is not None:
        _log.warning("%s holds a secret and everyone may read it; chmod o-r %s", path, path)


def read_config(path: Path, context: click.Context) -> dict[str, Table]:
    """Return what a file holds: for each command of a group the options by their names in Python.

    Args:
        path: of the file.
        context: the group's.

    Raises:
        click.UsageError: the file can't be read; or a table, a key or the type of a value is
            wrong. The message names the file, the key and the cure.
    """
    group = context.command
    assert isinstance(group, click.Group)
    document = _load(path)
    names = group.list_commands(context)
    commands = {name: group.get_command(context, name) for name in names}
    options = {name: _options(command) for name, command in commands.items() if command is not None}
    for name, table in document.items():
        _check_table(path, name, table, options)
    shared = document.get(COMMON, {})
    return {name: _merged(shared, document.get(name, {}), known) for name, known in options.items()}


def _use(group: click.Context, command: str, path: Path) -> dict[str, Table]:
    """Read a file, and see whether the values for one command are right."""
    tables = read_config(path, group)
    assert isinstance(group.command, click.Group)
    found = group.command.get_command(group, command)
    table = tables.get(command, {})
    if found is not None:
        _check_values(path, group, found, table)
    if _holds_secret(table) and path.stat().st_mode & stat.S_IROTH:
        group.meta[_META] = path
    return tables


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise click.UsageError(f"--config: cannot read {path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise click.UsageError(f"--config: {path} is not TOML: {exc}") from exc


def _options(command: click.Command) -> dict[str, click.Option]:
    """Return a command's options by what they may be called in the file, in its canonical form."""
    return {
        _canonical(name.removeprefix("--")): option
        for option in command.params
        if isinstance(option, click.Option) and option.name != "config"
        for name in option.opts
        if name.startswith("--")
    }


def _canonical(key: str) -> str:
    return key.replace("-", "_")


def _check_table(
    path: Path, name: str, table: Any, options: dict[str, dict[str, click.Option]]
) -> None:
    """Raise for a table that is not known, and for the first wrong key in it."""
    if not isinstance(table, dict):
        raise click.UsageError(f"{path}: '{name}' stands in no table; put it below [start]")
    if name == COMMON:
        known = {key: option for each in options.values() for key, option in each.items()}
    elif name in options:
        known = options[name]
    else:
        raise click.UsageError(
            f"{path}: there is no command for the table [{name}]; "
            f"rename it to one of {_listed({COMMON, *options})}, or remove it"
        )
    seen: set[str] = set()
    for key, value in table.items():
        canonical = _canonical(key)
        if canonical in seen:
            raise click.UsageError(f"{path}: [{name}] {key} stands there twice; remove one")
        seen.add(canonical)
        if canonical not in known:
            raise click.UsageError(
                f"{path}: [{name}] has no option '{key}'; "
                f"rename it to one of {_listed(known)}, or remove it"
            )
        _check_type(f"{path}: [{name}] {key}", known[canonical], value)


def _check_type(place: str, option: click.Option, value: Any) -> None:
    if option.multiple:
        right = isinstance(value, list) and all(isinstance(each, str) for each in value)
        expected = 'a list of texts: ["…", "…"]'
    elif option.is_flag:
        right, expected = isinstance(value, bool), "true or false"
    elif isinstance(option.type, click.types.IntParamType):
        right, expected = type(value) is int, "a whole number, without quotes"
    elif isinstance(option.type, click.types.FloatParamType):
        right, expected = type(value) in (int, float), "a number, without quotes"
    else:
        right, expected = isinstance(value, str), 'a text in quotes: "…"'
    if not right:
        raise click.UsageError(f"{place} = {value!r} is of the wrong type; write {expected}")


def _merged(shared: Table, own: Table, known: dict[str, click.Option]) -> Table:
    """Return the values for one command: its own, and of the shared ones those that it knows."""
    merged: Table = {}
    for table in (shared, own):
        for key, value in table.items():
            option = known.get(_canonical(key))
            if option is not None and option.name is not None:
                merged[option.name] = value
    return merged


def _check_values(path: Path, group: click.Context, command: click.Command, table: Table) -> None:
    """Have every value read as if it were given on the command line, to name the file if it can't.

    Otherwise the error would name the option alone, and nobody has given it.
    """
    context = click.Context(command, parent=group, info_name=command.name)
    for option in command.params:
        if option.name in table:
            try:
                option.process_value(context, table[option.name])
            except click.BadParameter as exc:
                key = option.opts[0].removeprefix("--")
                raise click.UsageError(f"{path}: {key} is wrong: {exc.message}") from exc


def _holds_secret(table: Table) -> bool:
    return any(
        key in _SECRETS or (isinstance(value, str) and without_password(value) != value)
        for key, value in table.items()
    )


def _listed(names: Any) -> str:
    return ", ".join(sorted(name.replace("_", "-") for name in names))

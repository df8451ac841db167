"""The options that several programs share are declared once, and check what they are given."""

import click
import pytest
from click.testing import CliRunner

from cluster.options import CONTEXT_SETTINGS, cluster_option, log_options, zk_option


@click.command(context_settings={**CONTEXT_SETTINGS, "auto_envvar_prefix": "IM_TEST"})
@zk_option
@cluster_option
@log_options
def program(zk: str | None, cluster: str, log_level: str, log_format: str) -> None:
    click.echo(f"{zk} {cluster} {log_level} {log_format}")


def run(*words: str, **environ: str) -> tuple[int, str]:
    result = CliRunner().invoke(program, words, env=environ)
    return result.exit_code, result.output.strip()


@pytest.mark.parametrize(
    ("words", "output"),
    [
        ((), "None im info text"),
        (("--zk",), "127.0.0.1:2181 im info text"),
        (("--zk", "h:1,i/x", "--cluster", "c"), "h:1,i/x c info text"),
        (("--zk", "--log-level", "debug"), "127.0.0.1:2181 im debug text"),
        (("--log-format", "json"), "None im info json"),
    ],
)
def test_what_is_given_is_taken(words: tuple[str, ...], output: str) -> None:
    assert run(*words) == (0, output)


def test_the_environment_counts() -> None:
    assert run(IM_TEST_ZK="h:1", IM_TEST_CLUSTER="c") == (0, "h:1 c info text")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--zk", "h:x"), "expected HOST:PORT"),
        (("--cluster", "a/b"), "must be 1 to 64"),
        (("--log-level", "loud"), "debug"),
    ],
)
def test_what_is_wrong_is_named(words: tuple[str, ...], reason: str) -> None:
    code, output = run(*words)
    assert code == 2
    assert words[0] in output
    assert reason in output


def test_help_names_the_variables() -> None:
    code, output = run("-h")
    assert code == 0
    assert "IM_TEST_ZK" in output

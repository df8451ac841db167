"""The browser SDK's own tests, which Node.js runs: the shared vectors among them."""

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from tests.client_sdk_js.node_js import CURE, node_js

FOLDER = Path(__file__).parents[2] / "client_sdk" / "js"
TESTS = sorted((FOLDER / "test").glob("*.test.mjs"))


def test_there_are_tests() -> None:
    assert {path.name for path in TESTS} >= {"client.test.mjs", "vectors.test.mjs"}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_node_finds_nothing_wrong(path: Path) -> None:
    done = subprocess.run(
        [*node_js(), "--test", str(path)], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"^\S+ pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) > 10


def test_without_node_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(pytest.fail.Exception, match=CURE):
        node_js()


def test_it_is_installed_with_the_python_package() -> None:
    for name in ("im.js", "im.d.ts"):
        assert (files("client_sdk") / "js" / name).read_text()
    data = (FOLDER.parents[1] / "setup.cfg").read_text()
    assert "client_sdk = py.typed, js/im.js, js/im.d.ts\n" in data


def test_it_is_a_package(tmp_path: Path) -> None:
    """What package.json lists is laid out as npm would; a program imports it by its name."""
    described = json.loads((FOLDER / "package.json").read_text())
    package = tmp_path / "node_modules" / described["name"]
    package.mkdir(parents=True)
    for name in ["package.json", *described["files"]]:
        shutil.copy(FOLDER / name, package)
    program = tmp_path / "program.mjs"
    program.write_text(
        f'import {{ connect }} from "{described["name"]}";\nconsole.log(connect.name);\n'
    )
    done = subprocess.run([*node_js(), str(program)], capture_output=True, text=True, check=True)
    assert done.stdout == "connect\n"
    assert all((package / described[key]).is_file() for key in ("main", "types"))


def test_it_depends_on_nothing() -> None:
    code = (FOLDER / "im.js").read_text()
    assert not re.search(r"^\s*import\b|\bimport\(|\brequire\(", code, re.MULTILINE)

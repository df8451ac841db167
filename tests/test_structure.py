"""The shape of the project, held by reading its imports: DESIGN.md's arrows, sizes, test files."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("balancer", "client_sdk", "cluster", "server")

# Which of the packages each of them may import.
ARROWS = {
    "cluster": {"cluster"},
    "balancer": {"balancer", "cluster"},
    "client_sdk": {"client_sdk", "balancer", "cluster"},
    "server": {"server", "balancer", "cluster"},
}

# Where the library of a service may be imported.
LIBRARIES = {
    "kazoo": "cluster/zookeeper.py",
    "pika": "server/bus_rabbitmq*.py",
    "redis": "server/*redis*.py",
}

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


def files(*folders: str) -> list[Path]:
    """Return the Python files below these folders, relative to the root."""
    return sorted(
        path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py")
    )


def module_of(path: Path) -> str:
    """Return the dotted name of the module that a file holds."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), str(path))


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """Return the dotted names that these statements import; of `from a import b` also `a.b`."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def at_import_time(path: Path) -> Iterator[ast.AST]:
    """Yield what runs when a module is imported: no function bodies, nothing for types alone."""
    waiting: list[ast.AST] = [tree_of(path)]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def first_cycle(arrows: dict[str, set[str]]) -> list[str] | None:
    """Return modules that import each other in a circle; None if there are none."""
    done: set[str] = set()

    def follow(module: str, way: list[str]) -> list[str] | None:
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return None
        for target in sorted(arrows[module]):
            if found := follow(target, [*way, module]):
                return found
        done.add(module)
        return None

    return next((found for module in sorted(arrows) if (found := follow(module, []))), None)


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield name and length in lines of every function in a file."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_what_lies_below_them(package: str) -> None:
    wrong = {
        str(path): sorted(others)
        for path in files(package)
        if (
            others := {name.partition(".")[0] for name in imported(ast.walk(tree_of(path)))}
            & {*PACKAGES, "scripts", "tests"} - ARROWS[package]
        )
    }
    assert wrong == {}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_known_to_its_own_modules_alone(library: str) -> None:
    users = [
        str(path)
        for path in files(*PACKAGES)
        if library in {name.partition(".")[0] for name in imported(ast.walk(tree_of(path)))}
    ]
    assert [path for path in users if not Path(path).match(LIBRARIES[library])] == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    modules = {module_of(path): path for path in files(*PACKAGES)}
    arrows = {
        module: imported(at_import_time(path)) & set(modules) - {module}
        for module, path in modules.items()
    }
    assert first_cycle(arrows) is None


def test_the_search_for_cycles_finds_one() -> None:
    assert first_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert first_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_has_its_test_file(package: str) -> None:
    missing = [
        str(path)
        for path in files(package)
        if path.name != "__init__.py"
        and not (ROOT / "tests" / path.with_name(f"test_{path.name}")).exists()
    ]
    assert missing == []


def test_files_are_short() -> None:
    lines = {
        str(path): len((ROOT / path).read_text().splitlines())
        for path in files(*PACKAGES, "scripts", "tests")
    }
    assert {path: count for path, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_functions_are_short() -> None:
    long = [
        f"{path}: {name} has {count} lines"
        for path in files(*PACKAGES, "scripts", "tests")
        for name, count in functions(path)
        if count > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_only_command_lines_read_the_environment() -> None:
    readers = [
        str(path)
        for path in files(*PACKAGES)
        if not path.name.startswith("cli")
        and {"os.environ", "os.getenv"} & _attributes(tree_of(path))
    ]
    assert readers == []


def _attributes(tree: ast.Module) -> set[str]:
    dotted = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return dotted | imported(ast.walk(tree))


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in files("tests")}
    assert [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()] == []

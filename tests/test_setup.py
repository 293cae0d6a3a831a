"""Set-up: a missing system package stops `make test` at once, with the one line that mends it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
SCRIPT = CHECKOUT / ".ci" / "system_packages.py"


def run_with_path(path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT)], env={"PATH": path}, capture_output=True, text=True, check=False
    )  # fmt: skip


def test_missing_programs_are_answered_with_one_apt_line(tmp_path: Path) -> None:
    done = run_with_path(str(tmp_path))
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()
    assert error == "error: the tests need chromium, poppler-utils, qpdf, openssl, softhsm2"
    assert hint.startswith("hint: sudo apt-get install --yes ")
    assert hint.endswith(" chromium poppler-utils qpdf openssl softhsm2")


def test_only_what_is_missing_is_named(tmp_path: Path) -> None:
    for program in ("chromium", "qpdf", "openssl", "pdfsig", "pdftotext", "softhsm2-util"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    done = run_with_path(str(tmp_path))
    assert done.stderr.splitlines()[0] == "error: the tests need poppler-utils"


def test_the_tests_call_no_program_that_the_script_does_not_look_for() -> None:
    text = SCRIPT.read_text()
    for program in ("pdfsig", "pdftotext", "pdftoppm", "qpdf", "openssl", "chromium", "softhsm2-util"):
        assert f'"{program}"' in text


def test_everything_is_there_while_the_tests_run() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

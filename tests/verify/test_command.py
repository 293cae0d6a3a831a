"""``signing-service verify`` at the terminal: exit codes, options, folders."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.cli import main
from signing_service.evidence import format_trust_file
from tests.verify.world import the_ceremony

AT = "2025-05-11T04:00:00Z"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The files that an auditor has: PDF, bundle, trust file, root, and a changed bundle."""
    folder, world = tmp_path_factory.mktemp("audit"), the_ceremony()
    changed = bytearray(world.pdf)
    changed[1000] ^= 1
    files = {
        "agreement.pdf": world.pdf,
        "evidence.zip": world.bundle(),
        "changed.zip": world.bundle(pdf=bytes(changed)),
        "trust.json": format_trust_file(world.trust_file()),
        "root.pem": world.ceremony.keystore.root.public_bytes(Encoding.PEM),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def run(folder: Path, *words: str) -> int:
    return main(["verify", "--at", AT, *[word.replace("@", f"{folder}/") for word in words]])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--trust", "@trust.json", "@evidence.zip"], 0),
        (["--trust", "@trust.json", "@changed.zip"], 1),
        (["@evidence.zip"], 3),
        (["--trust", "@trust.json", "@agreement.pdf"], 3),
        (["@agreement.pdf"], 3),
        (["--trust", "@root.pem", "@evidence.zip"], 3),
        (["--profile", "pades", "--trust", "@root.pem", "@agreement.pdf"], 0),
        (["@nowhere.pdf"], 2),
        (["--trust", "@nowhere.json", "@evidence.zip"], 2),
        (["--trust", "@trust.json", "--trust", "@trust.json", "@evidence.zip"], 2),
    ],
)
def test_exit_codes(folder, words, code, capsys):
    assert run(folder, *words) == code


@pytest.mark.parametrize("words", [["--profile", "other", "@agreement.pdf"], ["--jobs", "x", "@agreement.pdf"], []])
def test_words_that_are_off_end_with_exit_code_2(folder, words):
    with pytest.raises(SystemExit) as stop:
        run(folder, *words)

    assert stop.value.code == 2


def test_a_time_that_is_none_is_refused(folder, capsys):
    assert main(["verify", "--at", "yesterday", str(folder / "agreement.pdf")]) == 2
    assert "hint: for example 2025-04-11T08:00:00Z" in capsys.readouterr().err


def test_json_and_html_tell_the_same_verdict(folder, tmp_path, capsys):
    page = tmp_path / "report.html"

    run(folder, "--json", "--html", str(page), "--trust", "@trust.json", "@evidence.zip")

    assert json.loads(capsys.readouterr().out)["verdict"] == "PASSED"
    assert "<h1" in page.read_text(encoding="utf-8")
    assert "PASSED</h1>" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_folder_gets_a_line_each_a_summary_and_the_worst_exit_code(folder, jobs, capsys):
    assert run(folder, "--jobs", jobs, "--trust", "@trust.json", str(folder)) == 1

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["INDETERMINATE", "FAILED", "PASSED", "3"]
    assert lines[-1] == "3 files: 1 PASSED, 1 INDETERMINATE, 1 FAILED"


def test_a_folder_as_json_has_a_report_for_each_file(folder, capsys):
    run(folder, "--json", "--trust", "@trust.json", str(folder))

    value = json.loads(capsys.readouterr().out)
    assert value["exit_code"] == 1
    assert [Path(item["file"]).name for item in value["files"]] == ["agreement.pdf", "changed.zip", "evidence.zip"]


def test_html_is_for_one_file(folder, capsys):
    assert run(folder, "--html", "@report.html", str(folder)) == 2


def test_an_empty_folder_is_a_usage_error(tmp_path, capsys):
    assert main(["verify", str(tmp_path)]) == 2


def test_the_process_imports_no_part_of_the_service(folder):
    """What an auditor installs: no Flask, database, PDF writer or pyHanko; for our documents not even pikepdf."""
    program = (
        "import sys; from signing_service.cli import main; "
        f"code = main(['verify', '--at', '{AT}', '--trust', '{folder}/trust.json', '{folder}/evidence.zip']); "
        "heavy = {'flask', 'sqlalchemy', 'reportlab', 'pyhanko', 'pikepdf', 'webauthn', 'httpx', 'asn1crypto'}; "
        "print(code, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "0 []"

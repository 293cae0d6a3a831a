"""``signing-service verify`` at the terminal: exit codes, options, folders."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
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
def test_words_that_are_off_are_told_in_two_lines_with_exit_code_2(folder, words, capsys):
    assert run(folder, *words) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: ")
    assert second == "hint: signing-service verify --help explains the command"


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize("command", [["verify"], ["record", "audit"], ["keys"]])
def test_help_fits_the_terminal(command, columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert max(map(len, lines)) > int(columns) - 20, "and fills it"


def test_a_time_that_is_none_is_refused(folder, capsys):
    assert main(["verify", "--at", "yesterday", str(folder / "agreement.pdf")]) == 2
    assert "hint: for example 2025-04-11T08:00:00Z" in capsys.readouterr().err


def test_json_and_html_tell_the_same_verdict(folder, tmp_path, capsys):
    page = tmp_path / "report.html"

    run(folder, "--json", "--html", str(page), "--trust", "@trust.json", "@evidence.zip")

    assert json.loads(capsys.readouterr().out)["verdict"] == "PASSED"
    assert "<h1" in page.read_text(encoding="utf-8")
    assert "PASSED</strong>" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_folder_gets_a_line_each_a_summary_and_the_worst_exit_code(folder, jobs, capsys):
    assert run(folder, "--jobs", jobs, "--trust", "@trust.json", str(folder)) == 1

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["INDETERMINATE", "FAILED", "PASSED", "3", "hint:"]
    assert lines[3] == "3 files: 1 PASSED, 1 INDETERMINATE, 1 FAILED"
    assert "add the evidence bundle" in lines[4]


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


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{}\n", "@t is no trust file"),
        (b"hello\n", "@t holds neither a trust file nor a PEM certificate"),
        (b"", "@t is empty"),
        (b"%PDF-1.7\n", "@t is a PDF, not what trust comes from"),
        (b"\x30\x82\x01\x00", "@t is a certificate in DER (make PEM of it"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "@t: no PEM certificate can be read"),
    ],
)
def test_a_file_that_is_no_trust_file_is_named_and_what_is_wanted(folder, tmp_path, capsys, content, says):
    file = tmp_path / "t"
    file.write_bytes(content)

    assert run(folder, "--trust", str(file), "@evidence.zip") == 2

    error = capsys.readouterr().err
    assert says.replace("@", f"{tmp_path}/") in error
    assert "hint: give the alliance's trust file" in error


def test_the_certificates_in_a_bundle_are_never_taken_for_anchors(folder, capsys):
    """certificates.pem stands in the bundle as it is, and the bundle's maker wrote it."""
    assert run(folder, "--trust", "@evidence.zip", "@evidence.zip") == 2
    assert "evidence.zip is an evidence bundle or another ZIP, not what trust comes from" in capsys.readouterr().err


def test_the_report_says_what_was_trusted(folder, capsys):
    run(folder, "--trust", "@root.pem", "@evidence.zip")
    with_root = capsys.readouterr().out
    run(folder, "@evidence.zip")
    with_nothing = capsys.readouterr().out

    assert "Trust       no trust file, only:\n            certificate " in with_root
    hint = "hint: give the trust file (--trust trust.json): it names the root, the record's key, the officers"
    assert hint in " ".join(with_root.split())
    assert "Trust       nothing: neither trust file nor certificate was given" in with_nothing


@pytest.mark.parametrize("name", ["trust.json", "root.pem"])
def test_what_trust_comes_from_is_not_verified_but_given_with_trust(folder, capsys, name):
    assert run(folder, f"@{name}") == 2
    assert f"hint: give it with --trust: verify --trust {folder}/{name} evidence.zip" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "content", "says"),
    [
        ([], b"hello\n", "it is neither a PDF nor an evidence bundle"),
        ([], b"", "it is empty"),
        ([], b"PK\x03\x04junk", "it is a ZIP, but no evidence bundle"),
        (["--profile", "pades"], b"hello\n", "it is neither a PDF nor an evidence bundle"),
        (["--profile", "pades"], b"PK\x03\x04junk", "it is an evidence bundle or another ZIP"),
    ],
)
def test_a_file_of_another_kind_fails_in_words_of_its_own(folder, tmp_path, capsys, words, content, says):
    file = tmp_path / "file.pdf"
    file.write_bytes(content)

    assert run(folder, *words, str(file)) == 1

    out = capsys.readouterr().out
    assert says in out
    assert "without the evidence bundle nothing is known" not in out


def in_a_terminal(columns: int, *words: str, **environment: str) -> str:
    """What a terminal of so many columns is sent."""
    process, terminal = pty.fork()
    if process == 0:
        program = f"import sys; from signing_service.cli import main; sys.exit(main({['verify', *words]!r}))"
        os.execve(sys.executable, [sys.executable, "-c", program], {**os.environ, "TERM": "xterm", **environment})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    out = b""
    try:
        while data := os.read(terminal, 65536):
            out += data
    except OSError:  # how the end is told on Linux
        pass
    os.waitpid(process, 0)
    os.close(terminal)
    return out.decode()


def test_a_terminal_gets_colours_a_bar_and_lines_that_fit(folder):
    out = in_a_terminal(60, "--trust", f"{folder}/trust.json", str(folder), COLUMNS="60")

    assert "\x1b[32mPASSED\x1b[0m" in out
    assert "\r\x1b[K[####" in out
    plain = re.sub("\x1b\\[[0-9;]*[mK]", "", out).replace("\r", "\n")
    words = [word for word in plain.split() if len(word) > 45]  # which no line can hold
    assert all(len(line) <= 60 or any(word in line for word in words) for line in plain.splitlines())


def test_nobody_gets_colours_who_set_no_color(folder):
    assert "\x1b[3" not in in_a_terminal(80, "--trust", f"{folder}/trust.json", str(folder), NO_COLOR="1")
    assert "\x1b" not in in_a_terminal(80, "--trust", f"{folder}/trust.json", f"{folder}/evidence.zip", TERM="dumb")

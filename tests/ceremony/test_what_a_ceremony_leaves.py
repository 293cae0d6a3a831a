"""One ceremony as ``make ceremony`` runs it; then other people's programs and our verifier judge what it left."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sqlite3
import subprocess
import tomllib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from signing_service import cli
from tests.ceremony.rewriting import rewrite_bundle
from tests.pdf.preflight import findings
from tests.pdf.tagging import faults

CHECKOUT = Path(__file__).parent.parent.parent
PARTIES = tomllib.loads((CHECKOUT / "templates" / "agreement" / "agreement.toml").read_text())["parties"]
MUTANTS = 300
NATIVE_NAMES = [party["native_name"] for party in PARTIES]

Verify = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished ceremony of twelve parties."""
    folder = tmp_path_factory.mktemp("ceremony") / "result"
    assert cli.main(["ceremony", "--folder", str(folder)]) == 0
    return folder


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    """Run the verify command; give its exit code and what it printed."""

    def run(*words: str | Path) -> tuple[int, str]:
        capsys.readouterr()
        code = cli.main(["verify", *map(str, words)])
        return code, capsys.readouterr().out

    return run


def test_it_leaves_the_four_files(left: Path) -> None:
    for name in ("agreement.pdf", "evidence.zip", "trust.json", "root.pem"):
        assert (left / name).stat().st_size > 0


def test_pdfsig_finds_every_signature_valid(left: Path) -> None:
    done = subprocess.run(["pdfsig", "-nocert", left / "agreement.pdf"], capture_output=True, text=True, check=True)
    signers = len(PARTIES) + 2  # the seal and the countersignature
    assert done.stdout.count("Signature is Valid") == signers
    validations = re.findall(r"Signature Validation: (.*)", done.stdout)
    assert [line for line in validations if line != "Signature is Valid."] == ["Signature has not yet been verified."]
    assert done.stdout.count("Total document signed") == 1


def test_qpdf_finds_nothing_to_complain_of(left: Path) -> None:
    done = subprocess.run(["qpdf", "--check", left / "agreement.pdf"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No syntax or stream encoding errors found" in done.stdout


def test_archived_it_is_still_pdf_a_and_tagged(left: Path, tmp_path: Path) -> None:
    (tmp_path / "agreement.pdf").write_bytes((left / "agreement.pdf").read_bytes())
    assert findings(tmp_path) == {"agreement.pdf": []}
    assert faults((left / "agreement.pdf").read_bytes()) == []


@pytest.mark.parametrize("native_name", NATIVE_NAMES)
def test_pdftotext_gives_each_party_s_name_in_its_own_script(left: Path, native_name: str) -> None:
    done = subprocess.run(["pdftotext", left / "agreement.pdf", "-"], capture_output=True, text=True, check=True)
    assert "".join(native_name.split()) in "".join(done.stdout.split())


def test_pyhanko_accepts_every_signature_under_the_root_and_the_newest_covers_the_file(left: Path) -> None:
    context = ValidationContext(trust_roots=[load_cert_from_pemder(str(left / "root.pem"))], allow_fetching=False)
    reader = PdfFileReader(BytesIO((left / "agreement.pdf").read_bytes()), strict=True)
    signatures = reader.embedded_regular_signatures
    assert len(signatures) == len(PARTIES) + 2
    for signature in (signatures[0], signatures[1], signatures[-1]):  # the cost grows with the square of their number
        status = asyncio.run(async_validate_pdf_signature(signature, context, context))
        assert status.bottom_line, status.pretty_print_details()
    (newest,) = reader.embedded_timestamp_signatures
    newest.compute_integrity_info()
    assert newest.evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE


def test_the_bundle_with_the_trust_file_passes(left: Path, verify: Verify) -> None:
    code, printed = verify("--trust", left / "trust.json", left / "evidence.zip")
    assert code == 0
    assert printed.startswith("PASSED")
    letters = "".join(printed.split())  # lines are broken within names, too, where their script has no spaces
    assert all("".join(name.split()) in letters for name in NATIVE_NAMES)
    printed = " ".join(printed.split())
    assert printed.count("approved by a passkey") == len(NATIVE_NAMES) + 1  # the officer's too
    assert printed.count("confirmed the passkey in person") == len(NATIVE_NAMES)
    assert "asserted by the service" not in printed
    assert "time not independent" in printed
    assert "not witnessed" in printed


def test_the_bundle_without_trust_is_indeterminate(left: Path, verify: Verify) -> None:
    assert verify(left / "evidence.zip")[0] == 3


def test_the_pdf_alone_is_indeterminate_with_every_signature_good(left: Path, verify: Verify) -> None:
    code, printed = verify("--trust", left / "trust.json", left / "agreement.pdf")
    assert code == 3
    assert printed.count("good signature: ") == len(PARTIES) + 3  # seal, countersignature, archive timestamp
    assert "evidence bundle" in printed


def test_another_alliance_s_trust_file_never_passes(left: Path, verify: Verify, tmp_path: Path) -> None:
    assert cli.main(["ceremony", "--parties", "1", "--folder", str(tmp_path / "other")]) == 0
    for file in ("evidence.zip", "agreement.pdf"):
        assert verify("--trust", tmp_path / "other" / "trust.json", left / file)[0] in (1, 3)


def test_a_bundle_whose_pdf_was_changed_by_one_byte_fails(left: Path, verify: Verify, tmp_path: Path) -> None:
    pdf = bytearray((left / "agreement.pdf").read_bytes())
    pdf[len(pdf) // 2] ^= 1
    changed = tmp_path / "changed.zip"
    changed.write_bytes(rewrite_bundle((left / "evidence.zip").read_bytes(), bytes(pdf)))
    assert verify("--trust", left / "trust.json", changed)[0] == 1


def test_no_single_byte_of_the_pdf_is_free(left: Path, verify: Verify, tmp_path: Path) -> None:
    pdf = (left / "agreement.pdf").read_bytes()
    chance = random.Random(12)
    places = [chance.randrange(len(pdf)) for _ in range(MUTANTS)]
    folder = tmp_path / "changed"
    folder.mkdir()
    for place in places:
        changed = bytearray(pdf)
        changed[place] ^= 1 << chance.randrange(8)
        (folder / f"{place}.pdf").write_bytes(changed)
    code, printed = verify("--json", "--trust", left / "trust.json", folder)
    verdicts = {Path(report["file"]).name: report["verdict"] for report in json.loads(printed)["files"]}
    assert code == 1
    assert len(verdicts) == len(set(places))
    assert {name: verdict for name, verdict in verdicts.items() if verdict != "FAILED"} == {}


def test_no_key_and_no_secret_is_in_database_mails_or_log(left: Path) -> None:
    with sqlite3.connect(left / "service" / "service.sqlite3") as database:
        rows = "\n".join(database.iterdump())
    mails = "\n".join(path.read_text() for path in (left / "service" / "mail").iterdir())
    log = (left / "service.log").read_text()
    assert len(rows) > 100_000
    assert "PRIVATE KEY" not in rows + mails + log
    assert "invitation#" not in log
    tokens = set(re.findall(r"invitation#([A-Za-z0-9_-]{43})", mails))
    assert len(tokens) == len(PARTIES)
    assert [token for token in tokens if token in rows] == []

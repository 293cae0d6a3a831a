"""Verifying, beside pyHanko (in process) and pdfsig (as a process) on the same files."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from bench.stage import Stage
from bench.table import Row, best_of
from signing_service.verify.trust import read_trust
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_bundle

FOLDER_SIZE = 120  # agreements: enough that the processes' start does not decide


def measure(folder: Path, *, full: bool) -> list[Row]:
    """12 parties (13 signatures with the secretariat's), 48 and 199."""
    rows: list[Row] = []
    costs: dict[int, float] = {}
    for parties, goal in ((12, "20 times pyHanko"), (48, "100 times pyHanko"), (199, "<= 2 s")):
        stage = Stage.make(folder / str(parties), parties)
        stage.sign_all()
        signatures, bundle, pdf = parties + 1, stage.evidence(), stage.pdf()
        trust = read_trust([stage.service.trust_bytes])
        assert verify_bundle(bundle, trust, datetime.now(UTC)).verdict is Verdict.PASSED
        ours = best_of(3, partial(verify_bundle, bundle, trust, datetime.now(UTC)))
        costs[signatures] = ours / signatures
        peer = _pyhanko(pdf, stage) if parties == 12 or (full and parties == 48) else None
        rows.append(
            Row(
                "verifying",
                f"bundle with {signatures} signatures, in process",
                ours,
                "s",
                goal,
                f"pyHanko {peer:.2f} s" if peer else "",
                peer / ours if peer else None,
            )
        )
        if parties == 12:
            rows += _as_processes(folder, stage)
    rows.append(
        Row("verifying", "a signature of 200 beside one of 13", costs[200] / costs[13], "times", "<= 1.5 times")
    )
    return rows


def _as_processes(folder: Path, stage: Stage) -> list[Row]:
    trust, bundle, pdf = (folder / name for name in ("trust.json", "evidence.zip", "agreement.pdf"))
    trust.write_bytes(stage.service.trust_bytes)
    bundle.write_bytes(stage.evidence())
    pdf.write_bytes(stage.pdf())
    many = folder / "many"
    many.mkdir()
    for number in range(FOLDER_SIZE):
        (many / f"{number:03}.zip").write_bytes(bundle.read_bytes())
    command = [sys.executable, "-m", "signing_service", "verify", "--trust", str(trust)]
    one = best_of(5, lambda: subprocess.run([*command, str(bundle)], check=True, capture_output=True))
    peer = best_of(5, lambda: subprocess.run(["pdfsig", "-nocert", str(pdf)], check=False, capture_output=True))
    begin = time.perf_counter()
    subprocess.run([*command, "--jobs", "2", str(many)], check=True, capture_output=True)
    rate = FOLDER_SIZE / (time.perf_counter() - begin)
    return [
        Row("verifying", "the whole process, 13 signatures", one, "s", "<= 0.35 s", f"pdfsig {peer:.3f} s"),
        Row("verifying", "a folder, 2 jobs", rate, "agreements/s", ">= 40/s", f"pdfsig {1 / peer:.0f}/s", rate * peer),
    ]


def _pyhanko(pdf: bytes, stage: Stage) -> float:
    from pyhanko.keys import load_certs_from_pemder_data
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    roots = list(load_certs_from_pemder_data(stage.service.keys.root.public_bytes(Encoding.PEM)))
    begin = time.perf_counter()
    for signature in PdfFileReader(BytesIO(pdf)).embedded_regular_signatures:
        context = ValidationContext(trust_roots=roots, allow_fetching=False)
        status = validate_pdf_signature(signature, signer_validation_context=context)
        assert status.bottom_line
    return time.perf_counter() - begin

"""The browser's own check of what others' software added before: it walks over it, or refuses to sign on top of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing_service.pdf.grammar import read_tail
from tests.cast import ALES, LIN
from tests.js.test_browser_modules import NODE
from tests.own_certificates import pyhanko_signer
from tests.own_certificates.authority import Identity
from tests.pdf.sealed_document import Ceremony

STATIC = Path(__file__).parent.parent.parent / "signing_service" / "web" / "static" / "signing"
SCRIPT = f"""
import {{ readFileSync }} from "node:fs";
import {{ walkBase }} from "{STATIC}/checks.js";
import {{ readLayout }} from "{STATIC}/structure.js";
const [path, length, field] = process.argv.slice(-3);
const pdf = new Uint8Array(readFileSync(path));
try {{
  console.log(JSON.stringify(walkBase(readLayout(pdf.subarray(0, Number(length))), pdf, field)));
}} catch (error) {{
  console.log(JSON.stringify({{ code: error.code ?? String(error), detail: error.detail }}));
}}
"""


def walked(ceremony: Ceremony, pdf: bytes, tmp_path: Path, field: str = ALES.signer) -> dict[str, object]:
    """Where the browser finds that the next delta begins, or why it refuses."""
    path = tmp_path / "base.pdf"
    path.write_bytes(pdf)
    command = [str(NODE), "--input-type=module", "--eval", SCRIPT, str(path), str(len(ceremony.revisions[0])), field]
    told: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return told


def test_it_walks_over_a_signature_that_pyhanko_made(
    ceremony: Ceremony, stored: bytes, lin: Identity, tmp_path: Path
) -> None:
    signed = pyhanko_signer.sign(stored, LIN.signer, lin)
    tail = read_tail(signed)
    assert walked(ceremony, signed, tmp_path) == {"length": tail.length, "startxref": tail.startxref, "size": tail.size}
    assert walked(ceremony, signed, tmp_path, LIN.signer)["code"] == "field-filled"


def _other_page(writer: IncrementalPdfFileWriter) -> None:
    page = writer.find_page_for_modification(0)[0].get_object()
    page[generic.pdf_name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.update_container(page)


def _other_box(writer: IncrementalPdfFileWriter) -> None:
    fields = (item.get_object() for item in writer.root["/AcroForm"]["/Fields"])
    own = next(field for field in fields if field["/T"] == LIN.signer)
    own["/Rect"][2] = generic.NumberObject(590)
    writer.update_container(own)


def _other_attachment(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/Names"] = generic.DictionaryObject()
    writer.update_root()


@pytest.mark.parametrize("change", [_other_page, _other_box, _other_attachment])
def test_it_refuses_to_sign_after_anything_else(
    ceremony: Ceremony,
    stored: bytes,
    lin: Identity,
    tmp_path: Path,
    change: Callable[[IncrementalPdfFileWriter], None],
) -> None:
    """The service would refuse such an upload; a service that did not would find nobody to sign on top of it."""
    signed = pyhanko_signer.sign(stored, LIN.signer, lin, change=change)
    assert walked(ceremony, signed, tmp_path)["code"] == "base-foreign"

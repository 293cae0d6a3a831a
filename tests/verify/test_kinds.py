"""Of what is no agreement it is said what it is and what to do; a PDF that is none of ours gets a hint of its own."""

from __future__ import annotations

import io
import json
import zipfile

import pikepdf
import pytest

from signing_service.evidence import format_trust_file
from signing_service.evidence.receipt import is_receipt
from signing_service.verify import verifier
from signing_service.verify.kinds import OFFICE, RECEIPT, kind_of
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_file
from tests.verify.world import LATER, the_ceremony


def packed(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


def pdf(encryption: pikepdf.Encryption | bool = False) -> bytes:
    made = io.BytesIO()
    blank = pikepdf.new()
    blank.add_blank_page()
    blank.save(made, encryption=encryption)
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "an empty file"),
        (b" \n", "an empty file"),
        (b"Dear all,\n", "a text"),
        ("Уважаемые коллеги".encode(), "a text"),
        (b"\x89PNG\r\n\x1a\n\0", "a picture"),
        (b"\xff\xd8\xff\xe0\0", "a picture"),
        (b"\0\0\0\x18ftypheic", "a picture"),
        (packed("[Content_Types].xml", "word/document.xml"), "a text or table of an office program"),
        (packed("photo.jpg"), "a ZIP archive, but no evidence bundle"),
        (b"-----BEGIN CERTIFICATE-----\n", "a certificate"),
        (b"<!doctype html><p>", "a web page, perhaps a saved report"),
        (b'{"entry":"abc","index":0}\n', "a part of an evidence bundle, or a proof of the record"),
        (b'{"a":1}', "a file of data for programs"),
        (b"\x7fELF\0\xff", "a kind of file that this verifier does not know"),
    ],
)
def test_it_is_named(data: bytes, what: str):
    assert kind_of(data).what == what
    assert kind_of(data).hint


def test_a_trust_file_is_named():
    assert kind_of(format_trust_file(the_ceremony().trust_file())).what.startswith("a trust file")


def test_what_only_looks_like_a_receipt_is_data():
    assert not is_receipt(b'{"v":1}')
    assert kind_of(b'{"v":1}') is not RECEIPT


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (the_ceremony().pdf[:50_000], "its end is missing"),
        (pdf(), "it holds no signature"),
        (pdf(encryption=pikepdf.Encryption(owner="a", user="b")), "protected by a password"),
        (pdf() + b"\n% /ByteRange\n%%EOF\n", "verify it with --profile pades"),
        (b"\x89PNG\r\n\x1a\n", "a scan or a photo proves nothing"),
    ],
)
def test_the_verdict_stays_failed_and_the_hint_says_what_to_do(data: bytes, hint: str):
    report = verify_file(data, the_ceremony().trust(), LATER)
    assert report.verdict is Verdict.FAILED
    assert any(hint in one for one in report.hints), report.hints


def test_an_honest_bundle_that_holds_the_words_of_an_office_file_is_still_a_bundle(monkeypatch):
    monkeypatch.setattr(verifier, "kind_of", lambda data: OFFICE)
    world = the_ceremony()
    assert verify_file(world.bundle(), world.trust(), LATER).verdict is Verdict.PASSED


def test_a_receipt_is_not_taken_for_a_trust_file(tmp_path, capsys, monkeypatch):
    from signing_service.cli import main
    from signing_service.verify import kinds

    monkeypatch.setattr(kinds, "is_receipt", lambda data: True)
    receipt = tmp_path / "receipt.json"
    receipt.write_text(json.dumps({"v": 1}))
    assert main(["verify", str(receipt)]) == 2
    said = capsys.readouterr().err
    assert f"{receipt} is the receipt that somebody got after signing, not an agreement" in said
    assert f"record audit --trust trust.json --receipt {receipt}" in said

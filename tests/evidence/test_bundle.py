"""Tests of evidence/bundle.py, archive.py and readme.py: one spelling, no free byte, openable by anybody."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from signing_service.encoding import canonical_json, sha256_hex
from signing_service.errors import FormatError, LimitError, VerificationError
from signing_service.evidence import BundledEvent, read_bundle, write_bundle
from signing_service.evidence.archive import MAX_ARCHIVE, pack, unpack
from signing_service.evidence.trust import format_trust_file
from signing_service.record.tree import leaf_hash
from tests.evidence.cast import EVENTS, MANDATE, PDF, bundle, certificate, changed_bundle, proof_text, trust_file
from tests.record.cast import AGREEMENT, event, history, salt

DATA = write_bundle(bundle())
MEMBERS = unpack(DATA)


def repacked(**changes: bytes | None) -> bytes:
    """The bundle with some members changed (None: left out) under a manifest that fits them."""
    members = {name: data for name, data in (MEMBERS | changes).items() if data is not None}
    manifest = json.loads(MEMBERS["manifest.json"])
    manifest["members"] = {name: sha256_hex(data) for name, data in members.items() if name != "manifest.json"}
    return pack(members | {"manifest.json": canonical_json(manifest)})


def test_a_bundle_reads_back_the_same():
    assert read_bundle(DATA) == bundle()
    assert write_bundle(read_bundle(DATA)) == DATA


def test_it_is_named_by_agreement_and_checkpoint_size():
    assert bundle().file_name == f"evidence-{AGREEMENT}-3.zip"
    assert bundle().checkpoint.size == 3


def test_its_members_stand_in_the_documented_order():
    assert list(MEMBERS) == [
        "README.txt",
        "manifest.json",
        "agreement.pdf",
        "events.jsonl",
        "proofs/0.tlog-proof",
        "proofs/1.tlog-proof",
        "proofs/2.tlog-proof",
        "certificates.pem",
        f"mandates/{sha256_hex(MANDATE)}.pdf",
    ]


def test_any_zip_reader_opens_it():
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}


@given(st.integers(0, 8 * len(DATA) - 1))
def test_no_changed_bit_is_read(bit: int):
    data = bytearray(DATA)
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises((FormatError, VerificationError)):
        read_bundle(bytes(data))


@given(st.integers(0, len(DATA) - 1))
def test_no_truncated_bundle_is_read(length: int):
    with pytest.raises((FormatError, VerificationError)):
        read_bundle(DATA[:length])


@given(st.integers(0, len(DATA)), st.binary(min_size=1, max_size=30))
def test_no_bundle_with_inserted_bytes_is_read(position: int, extra: bytes):
    with pytest.raises((FormatError, VerificationError)):
        read_bundle(DATA[:position] + extra + DATA[position:])


@given(st.binary(max_size=200))
def test_any_bytes_are_an_archive_or_refused(data: bytes):
    with pytest.raises(FormatError):
        unpack(data)
    with pytest.raises(FormatError):
        unpack(b"PK\x03\x04" + data)


@given(st.dictionaries(st.text("ab./", min_size=1, max_size=9), st.binary(max_size=50), min_size=1, max_size=5))
def test_what_was_packed_is_unpacked(members: dict[str, bytes]):
    assert unpack(pack(members)) == members


def test_a_bundle_packed_again_by_another_tool_is_refused_with_a_hint():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in MEMBERS.items():
            archive.writestr(name, data)
    with pytest.raises(FormatError) as raised:
        read_bundle(stream.getvalue())
    assert "as it was downloaded" in raised.value.hint


def test_a_member_that_the_manifest_does_not_name_so_is_named():
    with pytest.raises(VerificationError, match=r"agreement\.pdf in the bundle is not what the manifest says"):
        read_bundle(pack(MEMBERS | {"agreement.pdf": PDF + b"\n"}))
    with pytest.raises(VerificationError, match=r"extra in the bundle is not"):
        read_bundle(pack(MEMBERS | {"extra": b""}))
    without = {name: data for name, data in MEMBERS.items() if name != "proofs/1.tlog-proof"}
    with pytest.raises(VerificationError, match="lacks a member"):
        read_bundle(pack(without))


@pytest.mark.parametrize("name", ["README.txt", "manifest.json", "agreement.pdf", "events.jsonl", "certificates.pem"])
def test_a_bundle_without_a_part_is_refused(name: str):
    with pytest.raises(FormatError, match=f"has no {name}"):
        read_bundle(pack({key: data for key, data in MEMBERS.items() if key != name}))


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "proofs/01.tlog-proof", "proofs/x.tlog-proof", "a" * 90])
def test_a_member_that_it_cannot_have_is_refused(name: str):
    with pytest.raises(FormatError, match="that it cannot have"):
        read_bundle(repacked(**{name: b"surprise"}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"v": 2}, "version 1"),
        ({"v": True}, "version 1"),
        ({"more": 1}, "version 1"),
        ({"agreement": None}, "another type"),
        ({"agreement": "service"}, "no agreement's id"),
        ({"complete": 0}, "another type"),
        ({"members": []}, "not what the manifest says"),
        ({"checkpoint_size": 4}, "another checkpoint"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(change: dict[str, Any], reason: str):
    manifest = json.loads(MEMBERS["manifest.json"]) | change
    with pytest.raises((FormatError, VerificationError), match=reason):
        read_bundle(pack(MEMBERS | {"manifest.json": canonical_json(manifest)}))


@pytest.mark.parametrize("change", [b"\nand pip install another-verifier\n", b""])
def test_a_readme_that_says_something_else_is_refused_although_the_manifest_fits(change: bytes):
    text = MEMBERS["README.txt"] + change if change else MEMBERS["README.txt"].replace(b"sha256sum", b"sha1sum")
    with pytest.raises(VerificationError, match=r"README\.txt in the bundle is not the text"):
        read_bundle(repacked(**{"README.txt": text}))


def test_members_out_of_order_are_refused():
    with pytest.raises(FormatError, match="out of order"):
        read_bundle(pack(dict(reversed(MEMBERS.items()))))


LINES = MEMBERS["events.jsonl"].splitlines(keepends=True)


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        (b"", "line feed"),
        (b"\n", "not JSON"),
        (b"".join(LINES)[:-1], "line feed"),
        (LINES[1] + LINES[0] + LINES[2], "do not ascend"),
        (LINES[0] + LINES[0], "do not ascend"),
        (LINES[0] + LINES[1], "proof 2 is of another entry"),
        (b"{}\n", "events.jsonl:1: not exactly the members"),
        (LINES[0].replace(b'"index":0', b'"index":3'), "beyond its checkpoint"),
        (LINES[0].replace(b'"index":0', b'"index":-1'), "beyond its checkpoint"),
        (LINES[0].replace(b'"index":0', b'"index":true'), "index is no number"),
        (LINES[0].replace(b'"salt":"', b'"salt":"AAAA'), "salt does not have 32 bytes"),
        (LINES[0].replace(b'"index":0', b'"index": 0'), "not in canonical form"),
        (LINES[0].replace(b'"index":0', b'"index":0,"index":0'), "not in canonical form"),
        (LINES[0].replace(b'"index":0', b'"index":0.0'), "cannot hold a float"),
        (LINES[0].replace(b'"v":1', b'"v": 1', 1), "not in canonical form"),
        (LINES[0].replace(b'"entry":{', b'"entry":{"a":' + b"[" * 40 + b"]" * 40 + b","), "more than 32 levels"),
        (b"[1]\n", "not an object"),
    ],
)
def test_events_that_do_not_fit_are_refused(events: bytes, reason: str):
    with pytest.raises(FormatError, match=reason):
        read_bundle(repacked(**{"events.jsonl": events}))


def test_an_event_without_its_salt_is_refused():
    line = json.loads(LINES[0]) | {"salt": None}
    with pytest.raises(FormatError, match="not both there"):
        read_bundle(repacked(**{"events.jsonl": canonical_json(line) + b"\n"}))


def test_entries_may_stand_without_their_openings():
    entries = history(EVENTS)
    closed = changed_bundle(events=tuple(BundledEvent(at, entries[at]) for at in range(3)))
    assert read_bundle(write_bundle(closed)) == closed


def test_a_complete_bundle_has_every_entry():
    assert read_bundle(write_bundle(changed_bundle(complete=True))).complete
    with pytest.raises(FormatError, match="complete but lacks entries"):
        write_bundle(changed_bundle(complete=True, events=bundle().events[1:], proofs={1: bundle().proofs[1]}))


def test_proofs_of_different_checkpoints_are_refused():
    longer = history([*EVENTS, event(3)])
    with pytest.raises(FormatError, match="proof 1 is of another entry or another checkpoint"):
        write_bundle(changed_bundle(proofs={0: bundle().proofs[0], 1: proof_text(longer, 1)}))


def test_a_bundle_without_proofs_or_with_a_foreign_mandate_is_refused():
    with pytest.raises(FormatError, match="no proof"):
        write_bundle(changed_bundle(proofs={}))
    with pytest.raises(VerificationError, match="does not have its digest"):
        write_bundle(changed_bundle(mandates={"00" * 32: MANDATE}))
    with pytest.raises(FormatError, match="no proof of entry 7"):
        bundle().parsed_proof(7)


def test_archives_beyond_their_limits_are_refused():
    with pytest.raises(LimitError):
        unpack(bytes(MAX_ARCHIVE + 1))
    with pytest.raises(LimitError):
        pack({str(number): b"" for number in range(20_001)})


def test_the_readmes_commands_find_what_it_says(tmp_path: Path):
    for name, data in MEMBERS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "trust.json").write_bytes(format_trust_file(trust_file()))
    text = MEMBERS["README.txt"].decode()
    by_hand = text[text.index("By hand") :]
    by_hand = by_hand.replace("; do\n", "; do")
    commands = [line.strip() for line in by_hand.splitlines() if line.startswith("        ") and " " in line.strip()]
    tried = [command for command in commands if not command.startswith(("pdfsig", "head"))]
    said = {
        command: subprocess.run(
            ["sh", "-euc", command], cwd=tmp_path, capture_output=True, text=True, check="openssl verify" not in command
        ).stdout
        for command in tried
    }

    entry = json.loads(history(EVENTS)[0])
    assert len(tried) == 11
    for name in ("agreement.pdf", "events.jsonl", "certificates.pem", "README.txt"):
        assert json.loads(MEMBERS["manifest.json"])["members"][name] in said[tried[0]]
    assert (tmp_path / "root.pem").read_bytes() == certificate("Alliance Root").public_bytes(Encoding.PEM)
    assert "CN = Lin" in said[tried[3]]
    assert (tmp_path / "event.json").read_bytes() == EVENTS[0]
    assert (tmp_path / "salt.bin").read_bytes() == salt(0)
    assert said[tried[8]].split()[0] == entry["commitment"]
    assert said[tried[10]].split()[0] == leaf_hash(history(EVENTS)[0]).hex()
    assert bundle().file_name in text

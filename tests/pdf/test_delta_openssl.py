"""openssl judges what stands in the finished document: every container over exactly the bytes that it covers."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.cast import LIN, NOON, SOMCHAI
from tests.pdf.sealed_document import Ceremony
from tests.pki.judges import at_time, openssl, write_pem

SIGNATURES = 4  # seal, two representatives, countersignature


@cache
def held() -> Ceremony:
    return Ceremony.held((LIN, SOMCHAI))


def extract(number: int, folder: Path) -> tuple[Path, Path]:
    """Write the covered bytes and the container of the signature with that number, read with nothing of ours."""
    pdf = held().pdf
    [*ranges] = re.finditer(rb"/ByteRange \[0 ([0-9]+) ([0-9]+) ([0-9]+)\] *", pdf)
    before, after, rest = (int(part) for part in ranges[number].groups())
    content, container = folder / "content", folder / "container"
    content.write_bytes(pdf[:before] + pdf[after : after + rest])
    padded = bytes.fromhex(pdf[before + 1 : after - 1].decode())
    length = 4 + int.from_bytes(padded[2:4], "big")  # 30 82 and two bytes of length
    assert not any(padded[length:])
    container.write_bytes(padded[:length])
    return content, container


@pytest.mark.parametrize("number", range(SIGNATURES))
def test_openssl_verifies_each_signature_over_what_it_covers(number: int, tmp_path: Path) -> None:
    content, container = extract(number, tmp_path)
    said = openssl(
        "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", container, "-content", content,
        "-CAfile", write_pem(tmp_path / "root.pem", held().keystore.root), "-purpose", "any",
        "-out", tmp_path / "out", *at_time(NOON),
    )  # fmt: skip
    assert "CAdES Verification successful" in said


def test_openssl_verifies_the_document_timestamp_over_the_whole_file(tmp_path: Path) -> None:
    content, token = extract(SIGNATURES, tmp_path)
    root = write_pem(tmp_path / "root.pem", held().keystore.root)
    said = openssl("ts", "-verify", "-token_in", "-in", token, "-data", content, "-CAfile", root, *at_time(NOON))
    assert "Verification: OK" in said


def test_openssl_refuses_a_signature_over_other_bytes(tmp_path: Path) -> None:
    content, container = extract(1, tmp_path)
    content.write_bytes(content.read_bytes() + b" ")
    said = openssl(
        "cms", "-verify", "-binary", "-inform", "DER", "-in", container, "-content", content,
        "-CAfile", write_pem(tmp_path / "root.pem", held().keystore.root), "-purpose", "any",
        *at_time(NOON), expect=4,
    )  # fmt: skip
    assert "verification failure" in said

"""LZW and run lengths in the streams that structure needs, beside qpdf's reading of the same bytes."""

from __future__ import annotations

import random
import zlib

import pikepdf
import pytest

from signing_service.errors import FormatError, LimitError
from signing_service.verify.pades import old_filters
from signing_service.verify.pades.document import Document
from signing_service.verify.pades.old_filters import unpack_lzw, unpack_runs
from signing_service.verify.pades.streams import Effort, decode_stream

_RANDOM = random.Random(1)
TEXTS = {
    "the standard's example": bytes([45, 45, 45, 45, 45, 65, 45, 45, 45, 66]),
    "nothing": b"",
    "one octet for long": b"\0" * 70_000,
    "words": b"agreement " * 900,
    "noise beyond the table": _RANDOM.randbytes(9_000),
}


def packed(data: bytes, early: bool) -> bytes:
    """LZW as an encoder writes it; the table is cleared when it is full."""
    bits, table, since = [format(256, "09b")], {bytes((value,)): value for value in range(256)}, 0
    current = b""

    def width() -> int:
        return min(12, max(9, (258 + max(0, since - 1) + early).bit_length()))

    for value in data:
        longer = current + bytes((value,))
        if longer in table:
            current = longer
            continue
        bits.append(format(table[current], f"0{width()}b"))
        since += 1
        table[longer] = 257 + since
        current = longer[-1:]
        if since > 3_800:
            bits.append(format(256, f"0{width()}b"))
            table, since = {bytes((value,)): value for value in range(256)}, 0
    if current:
        bits.append(format(table[current], f"0{width()}b"))
        since += 1
    bits.append(format(257, f"0{width()}b"))
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))


def by_qpdf(data: bytes, name: str, early: int | None = None) -> bytes:
    with pikepdf.new() as pdf:
        stream = pikepdf.Stream(pdf, data, Filter=pikepdf.Name(name))
        if early is not None:
            stream.DecodeParms = pikepdf.Dictionary({"/EarlyChange": early})
        return bytes(stream.read_bytes(pikepdf.StreamDecodeLevel.all))  # run lengths are for pictures, it thinks


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("text", TEXTS)
def test_lzw_is_read_as_qpdf_reads_it(text, early):
    data = packed(TEXTS[text], early)

    assert unpack_lzw(data, early=early) == TEXTS[text] == by_qpdf(data, "/LZWDecode", int(early))


def test_the_standards_own_example_of_lzw_is_read():
    assert unpack_lzw(bytes.fromhex("800b6050220c0c8501")) == TEXTS["the standard's example"]


def test_run_lengths_are_read_as_qpdf_reads_them():
    data = bytes([4]) + b"abcde" + bytes([253, 120, 0]) + b"y" + bytes([128])

    assert unpack_runs(data) == b"abcdexxxxy" == by_qpdf(data, "/RunLengthDecode")


@pytest.mark.parametrize(
    "data", [b"", b"\x80", bytes.fromhex("800b6050220c0c85"), b"\xff" * 40, b"\x80\x7f\xff\xff"], ids=range(5)
)
def test_what_is_no_lzw_is_refused(data):
    with pytest.raises(FormatError):
        unpack_lzw(data)
    with pytest.raises(FormatError):
        unpack_runs(b"\x05abc")


def test_bombs_are_refused(monkeypatch):
    monkeypatch.setattr(old_filters, "MAX_STREAM_BYTES", 60_000)
    with pytest.raises(LimitError):
        unpack_lzw(packed(TEXTS["one octet for long"], True))
    with pytest.raises(LimitError):
        unpack_runs(b"\x81\0" * 600)


BOMBS = {
    "clear codes": (["FlateDecode", "LZWDecode"], b"\x80\x40\x20\x10\x08\x04\x02\x01\x00" * 600_000, {}),
    "runs of one": (["FlateDecode", "RunLengthDecode"], b"\0a" * 3_000_000, {}),
    "zeroes in ASCII 85": (["FlateDecode", "ASCII85Decode"], b"z" * 6_000_000, {}),
    "Paeth's predictor": (["FlateDecode"], (b"\4" + bytes(50_000)) * 60, {"Predictor": 15, "Columns": 50_000}),
    "rows of one": (["FlateDecode"], b"\2\0" * 3_000_000, {"Predictor": 12}),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_unfolds_to_more_than_can_be_undone_byte_by_byte_is_refused_before_it_is_undone(bomb):
    filters, unfolded, parameters = BOMBS[bomb]
    stream = {"Filter": filters, "DecodeParms": [parameters]}
    deflated = zlib.compress(unfolded)
    assert len(deflated) < 20_000, "the file is small"

    with pytest.raises(LimitError):
        decode_stream(stream, deflated, Effort())


def test_a_document_may_spend_what_one_stream_may_and_not_as_often_as_it_has_streams():
    effort, stream = Effort(), {"Filter": ["FlateDecode", "LZWDecode"]}
    data = zlib.compress(packed(b"", True) + bytes(1_500_000))

    assert decode_stream(stream, data, effort) == b""
    assert decode_stream(stream, data, effort) == b""
    with pytest.raises(LimitError):
        decode_stream(stream, data, effort)


@pytest.mark.parametrize("columns", [1, 5, 64, 301])
@pytest.mark.parametrize("kind", range(5))
def test_predictors_are_undone_as_qpdf_undoes_them(kind, columns):
    rows = b"".join(bytes((kind,)) + _RANDOM.randbytes(columns) for _ in range(40))
    deflated = zlib.compress(rows)
    with pikepdf.new() as pdf:
        stream = pikepdf.Stream(pdf, deflated, Filter=pikepdf.Name("/FlateDecode"))
        stream.DecodeParms = pikepdf.Dictionary({"/Predictor": 15, "/Columns": columns})
        expected = bytes(stream.read_bytes())

    options = {"Predictor": 15, "Columns": columns}
    assert decode_stream({"Filter": "FlateDecode", "DecodeParms": options}, deflated, Effort()) == expected


def test_a_million_objects_in_a_cross_reference_stream_are_within_the_limit():
    rows = b"".join(b"\2" + bytes(5) for _ in range(1_000_000))
    options = {"Predictor": 12, "Columns": 5}

    decoded = decode_stream({"Filter": "FlateDecode", "DecodeParms": options}, zlib.compress(rows), Effort())

    assert len(decoded) == 5_000_000


@pytest.mark.parametrize("name", ["/LZWDecode", "/RunLengthDecode"])
def test_objects_in_such_a_stream_are_read(name):
    newest = Document(with_object_stream(name)).snapshots[-1]

    assert newest.dictionary(newest.array(newest.dictionary(newest.catalog["Pages"])["Kids"])[0])["Type"] == "Page"


def with_object_stream(name: str) -> bytes:
    """A page in an object stream with this filter."""
    bodies = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"}
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> >>"
    plain = b"3 0 " + page
    packed_page = packed(plain, True) if name == "/LZWDecode" else bytes((len(plain) - 1,)) + plain + b"\x80"
    out, offsets = bytearray(b"%PDF-1.7\n"), {}
    for number, body in bodies.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    offsets[4] = len(out)
    head = b"<< /Type /ObjStm /N 1 /First 4 /Filter %s /Length %d >>" % (name.encode(), len(packed_page))
    out += b"4 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (head, packed_page)
    offsets[5] = len(out)
    rows = b"".join(b"\1" + offsets[number].to_bytes(3, "big") + b"\0" for number in (1, 2))
    rows = (
        b"\0\0\0\0\0"
        + rows
        + b"\2\0\0\4\0"
        + b"".join(b"\1" + offsets[number].to_bytes(3, "big") + b"\0" for number in (4, 5))
    )
    table = b"<< /Type /XRef /Size 6 /W [1 3 1] /Root 1 0 R /Length %d >>" % len(rows)
    out += b"5 0 obj\n%s\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, rows, offsets[5])
    return bytes(out)

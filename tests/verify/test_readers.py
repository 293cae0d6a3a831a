"""The verifier's readers: right on what is right, and errors of the tree alone on everything else."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import FormatError, LimitError, SigningServiceError
from signing_service.verify.base import read_base
from signing_service.verify.cms import read_signature, read_token
from signing_service.verify.der import wrap
from signing_service.verify.limits import inflate
from signing_service.verify.objects import Name, Ref, parse_object, text_string
from signing_service.verify.padding import strip_padding
from signing_service.verify.pades.ber import read_element
from signing_service.verify.pades.cms import read_container
from signing_service.verify.pades.document import Document
from signing_service.verify.pades.signatures import read_time
from signing_service.verify.pades.streams import Effort, decode_stream
from signing_service.verify.structure import read_document
from signing_service.verify.timestamps import read_info
from signing_service.verify.trust import read_trust

PIECES = (
    b"%PDF-1.7\n", b"1 0 obj\n", b"<< /Type /Sig >>", b"endobj\n", b"xref\n", b"0 1\n", b"trailer\n", b"startxref\n",
    b"0000000000 65535 f \n", b"%%EOF\n", b"9\n", b"[", b"]", b"<<", b">>", b"(", b")", b"stream\n", b"/Prev 9 ",
)  # fmt: skip
PDF_BYTES = st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=60).map(b"".join)
READERS = [
    read_document,
    read_base,
    Document,
    read_signature,
    read_token,
    read_container,
    read_info,
    read_element,
    strip_padding,
    text_string,
    inflate,
    lambda data: parse_object(data, 0),
    lambda data: read_trust([data]),
    lambda data: decode_stream({"Filter": [Name("FlateDecode")], "DecodeParms": {"Predictor": 12}}, data, Effort()),
]


@pytest.mark.parametrize("read", READERS)
@given(data=PDF_BYTES | st.binary(max_size=300))
def test_a_reader_raises_errors_of_the_tree_and_no_other(read, data):
    try:
        read(data)
    except SigningServiceError:
        pass


@given(data=st.binary(max_size=200))
def test_a_valid_frame_around_anything_is_read_or_refused(data):
    for frame in (wrap(0x30, data), wrap(0x30, wrap(0x06, data) + wrap(0xA0, wrap(0x30, data)))):
        try:
            read_container(frame)
        except SigningServiceError:
            pass


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.from_regex(r"[A-Za-z]{1,8}", fullmatch=True), inner),
    max_leaves=12,
)


def written(value) -> bytes:
    if isinstance(value, bool) or value is None:
        return {True: b"true", False: b"false", None: b"null"}[value]
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, bytes):
        return b"<" + value.hex().encode() + b">"
    if isinstance(value, list):
        return b"[" + b" ".join(map(written, value)) + b"]"
    return b"<< " + b" ".join(b"/%s %s" % (key.encode(), written(item)) for key, item in value.items()) + b" >>"


@given(value=VALUES)
def test_objects_are_read_as_they_were_written(value):
    data = written(value)

    assert parse_object(data + b" ", 0) == (value, len(data))


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"12 0 R", Ref(12, 0)),
        (b"12 0 Rx", 12),
        (b"/A#20B", Name("A B")),
        (b"-.5", -0.5),
        (b"(a\\(b\\)\\101\\\n(c))", b"a(b)A(c)"),
        (b"(a\\r\\n)", b"a\r\n"),
        (b"<4 1 4>", b"A@"),
        (b"% comment\n[ 1%x\n2 ]", [1, 2]),
    ],
)
def test_objects_are_read_as_the_specification_says(data, value):
    assert parse_object(data, 0)[0] == value


@pytest.mark.parametrize("data", [b"<< /A 1 /A 2 >>", b"<< 1 2 >>", b"[1", b"(a", b"<4x>", b"/A#zz", b"endobj", b""])
def test_broken_objects_are_refused(data):
    with pytest.raises(FormatError):
        parse_object(data, 0)


def test_objects_nested_too_deeply_are_refused():
    with pytest.raises(LimitError):
        parse_object(b"[" * 100 + b"]" * 100, 0)


def test_padding_that_could_send_a_pattern_back_and_forth_costs_no_time():
    with pytest.raises(FormatError):
        parse_object(b"[" + b" %\n" * 200_000, 0)


def test_a_stream_that_grows_too_large_is_refused():
    with pytest.raises(LimitError):
        inflate(zlib.compress(bytes(1000)), limit=999)


@pytest.mark.parametrize("data", [zlib.compress(b"x")[:-1], zlib.compress(b"x") + b"y", b"no"])
def test_a_stream_that_is_cut_off_or_goes_on_is_refused(data):
    with pytest.raises(FormatError):
        inflate(data)


def test_an_indefinite_length_becomes_a_definite_one():
    element = read_element(bytes.fromhex("3080 24800401610401620000 0000".replace(" ", "")))

    assert element.children[0].octets == b"ab"
    assert element.der == bytes.fromhex("3008 2406 040161 040162".replace(" ", ""))


@pytest.mark.parametrize("data", ["3003020105", "30820002", "0480", "308002010500", "1f8101", "30"])
def test_broken_ber_is_refused(data):
    with pytest.raises(FormatError):
        read_element(bytes.fromhex(data)[:-1] if data == "3003020105" else bytes.fromhex(data))


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        (b"D:20250411080000Z", "2025-04-11T08:00:00+00:00"),
        (b"D:20250411160000+08'00'", "2025-04-11T16:00:00+08:00"),
        (b"D:2025", "2025-01-01T00:00:00+00:00"),
        (b"D:20251399", None),
        (b"yesterday", None),
    ],
)
def test_dates_are_read_as_pdf_writes_them(text, iso):
    moment = read_time(text)

    assert (moment.isoformat() if moment else None) == iso

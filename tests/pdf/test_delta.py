"""The delta's grammar (docs/formats.md 4): every byte of an update, and what is refused before it is written."""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import FormatError, LimitError
from signing_service.pdf.delta import (
    BYTE_RANGE_LENGTH,
    Delta,
    Dss,
    archive_delta,
    byte_range_digest,
    embed,
    seal_delta,
    signature_delta,
    text_string,
)
from signing_service.pdf.grammar import Layout, Tail, read_tail, tail_after, write_update
from signing_service.pdf.layout import read_layout
from tests.cast import LIN, NOON, SAULE, SOMCHAI
from tests.pdf.sealed_document import Ceremony
from tests.pdf.small_base import CONTENTS_SIZE, draw_box, make_base, terms_for

BASE = make_base(terms_for((LIN, SOMCHAI)))
LAYOUT = read_layout(BASE, CONTENTS_SIZE)
TAIL = read_tail(BASE)
FIELD = "njupt:president"


def signature(layout: Layout = LAYOUT, tail: Tail = TAIL, field: str = FIELD, **changes: Any) -> Delta:
    options: dict[str, Any] = {
        "name": "Lin Shuyi",
        "reason": "Signature",
        "time": NOON,
        "appearance": draw_box(layout, field, "Lin"),
    }
    return signature_delta(layout, tail, field, **options | changes)


def byte_range(data: bytes) -> tuple[bytes, list[int]]:
    """The ByteRange as written, and its numbers."""
    found = re.search(rb"/ByteRange (\[[0-9 ]+\] *) /Contents <", data)
    assert found is not None
    return found[1], [int(number) for number in re.findall(rb"[0-9]+", found[1])]


def test_a_signature_delta_is_written_exactly_as_the_format_says() -> None:
    slot = LAYOUT.field(FIELD)
    appearance = draw_box(LAYOUT, FIELD, "Lin")
    data = signature().data
    dictionary, stream = TAIL.size, TAIL.size + 1
    head = b"%d 0 obj\n%s /V %d 0 R >>\nendobj\n" % (
        slot.number,
        re.sub(rb"/N [0-9]+ 0 R", b"/N %d 0 R" % stream, slot.body[:-3]),
        dictionary,
    )
    assert data.startswith(head)
    body = data[len(head) :]
    assert body.startswith(
        b"%d 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 " % dictionary
    )
    closing = b" /M (D:20250411040000Z) /Name <feff%s> /Reason <feff%s> >>\nendobj\n%d 0 obj\n%s\nendobj\nxref\n" % (
        "Lin Shuyi".encode("utf-16-be").hex().encode(),
        "Signature".encode("utf-16-be").hex().encode(),
        stream,
        appearance,
    )
    start = body.index(b" /M ")
    assert body[start : start + len(closing)] == closing
    trailer = b"trailer\n<< /ID [%s] /Info %d 0 R /Prev %d /Root %d 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        LAYOUT.identifier.encode(),
        LAYOUT.info,
        TAIL.startxref,
        LAYOUT.root,
        TAIL.size + 2,
        TAIL.length + data.index(b"xref\n"),
    )
    assert data.endswith(trailer)


def test_the_cross_references_point_at_the_objects() -> None:
    data = signature().data
    section = data[data.index(b"xref\n") + 5 : data.index(b"trailer")]
    slot = LAYOUT.field(FIELD)
    assert section.startswith(b"%d 1\n" % slot.number)
    numbers = [slot.number, TAIL.size, TAIL.size + 1]
    entries = re.findall(rb"([0-9]{10}) 00000 n \n", section)
    assert len(section) == len(b"%d 1\n" % slot.number) + len(b"%d 2\n" % TAIL.size) + 3 * 20
    for number, offset in zip(numbers, entries, strict=True):
        assert (BASE + data).startswith(b"%d 0 obj\n" % number, int(offset))


def test_byte_range_leaves_out_exactly_the_container() -> None:
    delta = signature()
    written, (zero, before, after, rest) = byte_range(delta.data)
    whole = BASE + delta.data
    assert (zero, len(written)) == (0, BYTE_RANGE_LENGTH)
    assert whole[before:after] == b"<" + b"0" * (2 * CONTENTS_SIZE) + b">"
    assert after + rest == len(whole)


def test_the_digest_is_that_of_what_byte_range_covers() -> None:
    delta = signature()
    _, (_, before, after, _) = byte_range(delta.data)
    whole = BASE + delta.data
    expected = hashlib.sha256(whole[:before] + whole[after:]).digest()
    assert byte_range_digest(BASE, delta) == expected
    assert byte_range_digest(hashlib.sha256(BASE), delta) == expected


def test_a_running_hash_is_left_as_it_was() -> None:
    running = hashlib.sha256(BASE)
    byte_range_digest(running, signature())
    assert running.digest() == hashlib.sha256(BASE).digest()


def test_a_digest_over_another_document_is_refused() -> None:
    with pytest.raises(FormatError, match="delta follows"):
        byte_range_digest(BASE + b"\n", signature())


def test_a_container_is_embedded_in_hexadecimal_with_zeroes_behind() -> None:
    delta = signature()
    embedded = embed(delta, b"\x30\x03\x02\x01\xff")
    start = delta.contents_offset
    assert embedded[start : start + 10] == b"30030201ff"
    assert embedded[:start] == delta.data[:start]
    assert embedded[start + 10 :] == delta.data[start + 10 :]


def test_a_container_fills_all_its_room_but_not_more() -> None:
    delta = signature()
    assert len(embed(delta, bytes(CONTENTS_SIZE))) == len(delta.data)
    with pytest.raises(LimitError, match="8193 bytes where the document leaves 8192"):
        embed(delta, bytes(CONTENTS_SIZE + 1))


def test_the_tail_after_a_delta_is_what_the_new_document_ends_with() -> None:
    delta = signature()
    assert delta.tail == read_tail(BASE + delta.data)
    assert delta.tail.size == TAIL.size + 2


def test_deltas_follow_each_other_without_reading_the_document_again() -> None:
    document, tail = BASE, TAIL
    for field in (FIELD, "andaman:president"):
        delta = signature(tail=tail, field=field)
        document, tail = document + delta.data, delta.tail
        assert tail == read_tail(document)


def test_a_delta_costs_the_same_however_long_the_document_is() -> None:
    near = signature()
    far = signature(tail=Tail(9_000_000, 8_999_000, 5_000))
    assert abs(len(near.data) - len(far.data)) < 40  # only the numbers grow


def test_the_seal_rewrites_its_field_and_placeholder_and_adds_nothing() -> None:
    delta = seal_delta(LAYOUT, TAIL, "Alliance", "Publication", NOON)
    assert delta.tail.size == TAIL.size
    numbers = [int(number) for number in re.findall(rb"^([0-9]+) 0 obj$", delta.data, re.MULTILINE)]
    assert numbers == sorted([LAYOUT.field("seal").number, LAYOUT.placeholder])
    assert b" /V %d 0 R >>" % LAYOUT.placeholder in delta.data
    certification = (
        b" /Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams "
        b"<< /Type /TransformParams /P 2 /V /1.2 >> >>] >>\nendobj"
    )
    assert certification in delta.data


def test_an_archive_delta_rewrites_dss_and_field_and_brings_its_streams() -> None:
    delta = archive_delta(LAYOUT, TAIL, "archive-1", [b"certificate", b"another"], [b"response"])
    assert delta.dss == Dss((TAIL.size + 1, TAIL.size + 2), (TAIL.size + 3,))
    dss = b"%d 0 obj\n<< /Certs [%d 0 R %d 0 R] /OCSPs [%d 0 R] >>\nendobj\n" % (
        LAYOUT.dss, TAIL.size + 1, TAIL.size + 2, TAIL.size + 3,
    )  # fmt: skip
    assert dss in delta.data
    streams = re.findall(rb"<< /Filter /FlateDecode /Length [0-9]+ >>\nstream\n(.*?)\nendstream", delta.data, re.DOTALL)
    assert [zlib.decompress(stream) for stream in streams] == [b"certificate", b"another", b"response"]
    assert b"/Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /ByteRange [0 " in delta.data


def test_a_later_archive_delta_lists_the_earlier_streams_first() -> None:
    first = archive_delta(LAYOUT, TAIL, "archive-1", [b"old"], [b"old answer"])
    second = archive_delta(LAYOUT, first.tail, "archive-2", [b"new"], [], first.dss)
    assert first.dss is not None
    assert second.dss == Dss((*first.dss.certificates, first.tail.size + 1), first.dss.ocsps)


def test_an_archive_delta_may_bring_a_timestamp_alone() -> None:
    delta = archive_delta(LAYOUT, TAIL, "archive-1", [], [])
    assert b"<< /Certs [] /OCSPs [] >>" in delta.data


@pytest.mark.parametrize("text", ["Lin", "林书怡", "សុភា", "𠮷", ""])
def test_text_is_written_as_utf_16_with_byte_order_mark(text: str) -> None:
    written = text_string(text)
    assert written.startswith(b"<feff")
    assert bytes.fromhex(written[1:-1].decode()).decode("utf-16") == text


def test_a_field_that_the_document_has_not_is_refused() -> None:
    with pytest.raises(FormatError, match="no signature field 'nobody:president'"):
        signature_delta(LAYOUT, TAIL, "nobody:president", name="", reason="", time=NOON, appearance=b"")


APPEARANCE = draw_box(LAYOUT, FIELD, "Lin")


@pytest.mark.parametrize(
    ("appearance", "words"),
    [
        (b"", "agreed form"),
        (APPEARANCE + b"\n", "agreed form"),
        (APPEARANCE.replace(b"/Subtype /Form", b"/Subtype /Image"), "agreed form"),
        (APPEARANCE.replace(b"/BBox [0 0 220 40]", b"/BBox [0 0 595 842]"), "220 by 40 points"),
        (APPEARANCE.replace(b"/Resources ", b"/Resources 1"), "shared resources"),
        (re.sub(rb"/Length [0-9]+", b"/Length 1", APPEARANCE), "agreed form"),
        (APPEARANCE[:-10] + b"\nendstreaM", "agreed form"),
    ],
)
def test_an_appearance_of_another_form_is_refused(appearance: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        signature(appearance=appearance)


def test_an_update_of_nothing_is_refused() -> None:
    with pytest.raises(FormatError, match="not numbered from"):
        write_update(LAYOUT, TAIL, {})


def test_new_objects_with_a_gap_are_refused() -> None:
    with pytest.raises(FormatError, match="not numbered from"):
        write_update(LAYOUT, TAIL, {TAIL.size + 1: b"<< >>"})


def test_a_document_beyond_ten_digits_is_refused() -> None:
    with pytest.raises(FormatError, match="too large"):
        write_update(LAYOUT, Tail(10**10 - 5, 1, 10), {10: b"<< >>"})


BODIES = st.binary(max_size=40).map(lambda data: b"<%s>" % data.hex().encode())


@given(
    st.integers(30, 5000),
    st.integers(1000, 10**9),
    st.sets(st.integers(1, 29), max_size=8),
    st.lists(BODIES, min_size=1, max_size=6),
    BODIES,
)
def test_any_update_can_be_read_back(
    size: int, length: int, rewritten: set[int], new: list[bytes], rewrite: bytes
) -> None:
    tail = Tail(length, length - 300, size)
    bodies = dict.fromkeys(rewritten, rewrite) | {size + index: body for index, body in enumerate(new)}
    data, offsets = write_update(LAYOUT, tail, bodies)
    assert {number: data[offset : offset + len(bodies[number])] for number, offset in offsets.items()} == bodies
    startxref = int(re.search(rb"startxref\n([0-9]+)\n%%EOF\n\Z", data)[1]) - length
    found: dict[int, int] = {}
    position = startxref + len(b"xref\n")
    while (run := re.compile(rb"([0-9]+) ([0-9]+)\n").match(data, position)) is not None:
        position = run.end()
        for number in range(int(run[1]), int(run[1]) + int(run[2])):
            found[number] = int(data[position : position + 10]) - length
            position += 20
    assert list(found) == sorted(bodies)
    assert all(data.startswith(b"%d 0 obj\n%s\nendobj\n" % (n, bodies[n]), offset) for n, offset in found.items())
    assert data[position:].startswith(b"trailer\n")
    after = tail_after(tail, data, len(new))
    assert after == Tail(length + len(data), length + startxref, size + len(new))


def test_each_revision_only_adds_to_its_predecessor() -> None:
    ceremony = Ceremony.held((LIN, SOMCHAI, SAULE))
    for earlier, later in zip(ceremony.revisions, ceremony.revisions[1:], strict=False):
        assert later.startswith(earlier)
    assert ceremony.revisions[0].startswith(ceremony.base)


def test_a_contents_size_is_the_same_for_all_fields() -> None:
    layout = replace(LAYOUT, contents_size=4096)
    for delta in (
        signature(layout),
        seal_delta(layout, TAIL, "", "", NOON),
        archive_delta(layout, TAIL, "archive-1", [], []),
    ):
        assert delta.contents_size == 4096
        assert delta.data[delta.contents_offset :].startswith(b"0" * 8192 + b">")

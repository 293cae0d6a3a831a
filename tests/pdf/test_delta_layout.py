"""Reading a base's layout: what it tells, its round trip, and bases that no delta can be appended to."""

from __future__ import annotations

from io import BytesIO

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import FormatError, SigningServiceError
from signing_service.pdf.grammar import ARCHIVE_FIELDS, Layout, read_tail
from signing_service.pdf.layout import read_layout
from tests.cast import LIN, REPRESENTATIVES, SOMCHAI
from tests.pdf.sealed_document import Ceremony
from tests.pdf.small_base import BOX_HEIGHT, BOX_WIDTH, CONTENTS_SIZE, make_base, terms_for

BASE = make_base(terms_for((LIN, SOMCHAI)))
LAYOUT = read_layout(BASE, CONTENTS_SIZE)


def changed(change) -> bytes:
    """The base after ``change`` to its catalog, saved in the same way."""
    with pikepdf.open(BytesIO(BASE)) as pdf:
        change(pdf)
        buffer = BytesIO()
        pdf.save(buffer, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return buffer.getvalue()


def test_every_field_is_found_on_its_page_with_its_size() -> None:
    assert set(LAYOUT.fields) == {
        "njupt:president", "andaman:president", "countersignature", "seal", *ARCHIVE_FIELDS,
    }  # fmt: skip
    slot = LAYOUT.field("njupt:president")
    assert (slot.page, slot.width, slot.height) == (0, str(BOX_WIDTH), str(BOX_HEIGHT))
    assert (LAYOUT.field("seal").width, LAYOUT.field("archive-8").height) == ("0", "0")


def test_bodies_stand_in_the_base_as_they_are_kept() -> None:
    for slot in LAYOUT.fields.values():
        assert b"\n%d 0 obj\n%s\nendobj\n" % (slot.number, slot.body) in BASE


def test_a_layout_goes_through_json_and_back() -> None:
    layout = read_layout(make_base(terms_for(REPRESENTATIVES)), CONTENTS_SIZE)
    assert Layout.from_json(layout.to_json()) == layout
    assert Layout.from_json(layout.to_json()).to_json() == layout.to_json()


@pytest.mark.parametrize("data", [b"{}", b"[]", b'{"v":1}', b'{"v":2}', LAYOUT.to_json().replace(b'"v":1', b'"v":2')])
def test_another_json_is_no_layout(data: bytes) -> None:
    with pytest.raises(FormatError, match="layout"):
        Layout.from_json(data)


def test_fractions_of_points_are_kept_as_pdf_numbers() -> None:
    def widen(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AcroForm.Fields[0].Rect = pikepdf.Array([10, 20, pikepdf.Object.parse(b"210.50"), 60])

    slot = read_layout(changed(widen), CONTENTS_SIZE).field("njupt:president")
    assert (slot.width, slot.height) == ("200.5", "40")


def test_a_base_of_the_renderers_shape_is_read_whatever_its_number_of_signers() -> None:
    layout = read_layout(make_base(terms_for(REPRESENTATIVES)), CONTENTS_SIZE)
    assert len(layout.fields) == len(REPRESENTATIVES) + 10


@pytest.mark.parametrize("size", [0, 2047, 65537])
def test_an_unreasonable_room_for_signatures_is_refused(size: int) -> None:
    with pytest.raises(FormatError, match="bytes for a signature"):
        read_layout(BASE, size)


def without_field(pdf: pikepdf.Pdf, name: str) -> None:
    fields = pdf.Root.AcroForm.Fields
    pdf.Root.AcroForm.Fields = pikepdf.Array([field for field in fields if str(field.T) != name])


def twice(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm.Fields[1].T = pikepdf.String("njupt:president")


def fill(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm.Fields[0].V = pdf.make_indirect(pikepdf.Dictionary())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda pdf: pdf.Root.__delitem__("/AcroForm"), "not the PDF that it must be"),
        (lambda pdf: pdf.Root.__delitem__("/DSS"), "not the PDF that it must be"),
        (lambda pdf: pdf.Root.__delitem__("/Perms"), "not the PDF that it must be"),
        (lambda pdf: pdf.Root.AcroForm.__delitem__("/DR"), "not the PDF that it must be"),
        (lambda pdf: pdf.Root.AcroForm.__setattr__("SigFlags", 1), "SigFlags"),
        (lambda pdf: pdf.Root.AcroForm.__setattr__("DR", pikepdf.Dictionary()), "/DR of /AcroForm"),
        (lambda pdf: pdf.Root.DSS.__setattr__("Certs", pikepdf.Array()), "not an empty dictionary"),
        (lambda pdf: pdf.Root.__setattr__("DSS", pikepdf.Dictionary()), "/DSS of the base is not an indirect"),
        (lambda pdf: without_field(pdf, "seal"), "lacks the field 'seal'"),
        (lambda pdf: without_field(pdf, "countersignature"), "lacks the field 'countersignature'"),
        (lambda pdf: without_field(pdf, "archive-8"), "lacks the field 'archive-8'"),
        (twice, "share a name"),
        (fill, "empty signature field"),
        (lambda pdf: pdf.Root.AcroForm.Fields[0].__delitem__("/AP"), "empty signature field"),
        (lambda pdf: pdf.Root.AcroForm.Fields[0].__setattr__("FT", pikepdf.Name.Tx), "empty signature field"),
    ],
)
def test_a_base_of_another_shape_is_refused(change, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_layout(changed(change), CONTENTS_SIZE)


def test_a_document_with_object_streams_is_refused() -> None:
    with pikepdf.open(BytesIO(BASE)) as pdf:
        buffer = BytesIO()
        pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    with pytest.raises(FormatError, match="classic cross-reference table"):
        read_layout(buffer.getvalue(), CONTENTS_SIZE)


def test_a_document_that_was_updated_already_is_no_base() -> None:
    sealed = Ceremony.published((LIN,)).pdf
    with pytest.raises(FormatError, match="in one run from object 0"):
        read_layout(sealed, CONTENTS_SIZE)


@pytest.mark.parametrize("end", [b"", b"\n", b"%%EOF", b"startxref\n0\n%%EOF\n", b"startxref\n99999999\n%%EOF\n"])
def test_a_document_with_another_end_has_no_tail(end: bytes) -> None:
    with pytest.raises(FormatError):
        read_tail(BASE[: BASE.rfind(b"startxref")] + end)


@given(st.binary(max_size=200))
def test_noise_has_no_tail(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_tail(data)


@given(st.integers(0, len(BASE) - 1), st.integers(1, 255))
def test_a_damaged_base_never_fails_outside_the_error_tree(position: int, change: int) -> None:
    spoilt = bytearray(BASE)
    spoilt[position] ^= change
    try:
        read_layout(bytes(spoilt), CONTENTS_SIZE)
    except SigningServiceError:
        pass

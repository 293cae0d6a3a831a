"""Pictures of what is about to be signed: they show what the document shows."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from io import BytesIO
from threading import Thread

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops

from signing_service.agreement.terms import field_of
from signing_service.errors import FormatError
from signing_service.pdf import pictures
from signing_service.pdf.grammar import FieldSlot
from signing_service.pdf.pictures import FIELD_SCALE, picture_of_field, picture_of_page
from tests.pdf.sealed_document import Ceremony

POINTS_ACROSS_A4 = 595.28
PATIENCE = 20  # seconds


def test_a_fields_picture_shows_what_the_page_shows_there():
    document = Ceremony.held()
    slot = document.layout.field(field_of(document.terms.signers()[0].id))
    picture = _greys(picture_of_field(document.pdf, slot))
    with pikepdf.open(BytesIO(document.pdf)) as pdf:
        height = float(pdf.pages[slot.page].mediabox[3])
        box = [float(edge) for edge in _widget(pdf, slot.number).Rect]
    page = _greys(picture_of_page(document.pdf, slot.page, width=round(FIELD_SCALE * POINTS_ACROSS_A4)))
    left, top = round(FIELD_SCALE * box[0]), round(FIELD_SCALE * (height - box[3]))
    there = page.crop((left, top, left + picture.width, top + picture.height))

    empty = Image.new("L", picture.size, 255)
    assert _difference(picture, there) < _difference(empty, there) / 2  # the two have other pixel grids


def test_who_signs_waits_for_no_page_that_is_being_packed(monkeypatch: pytest.MonkeyPatch):
    document = Ceremony.held()
    slot = document.layout.field(field_of(document.terms.signers()[0].id))
    shown: list[bytes] = []

    def pack(image: Image.Image) -> bytes:
        signing = Thread(target=lambda: shown.append(picture_of_field(document.pdf, slot)), daemon=True)
        signing.start()
        signing.join(PATIENCE)
        assert shown, "it waits"
        return real(image)

    real = pictures._png
    monkeypatch.setattr(pictures, "_png", pack)
    assert picture_of_page(document.pdf, slot.page, width=300).startswith(b"\x89PNG")
    assert shown == [picture_of_field(document.pdf, slot)]


def test_a_field_that_shows_nothing_has_no_picture():
    nowhere = FieldSlot(7, b"<< /FT /Sig /T (timestamp1) >>", 0, "0", "0")
    with pytest.raises(FormatError, match="no rectangle"):
        picture_of_field(b"%PDF-1.7\n", nowhere)


def test_a_fields_picture_holds_nothing_of_the_one_before_larger_or_smaller_or_broken_off(
    monkeypatch: pytest.MonkeyPatch,
):
    document = Ceremony.held()
    slot = document.layout.field(field_of(document.terms.signers()[0].id))
    monkeypatch.setattr(pictures, "_memory", (ctypes.c_ubyte * 0)())
    alone = picture_of_field(document.pdf, slot)
    whole_page = replace(slot, body=pictures._RECTANGLE.sub(b"/Rect [ 0 0 595 842 ]", slot.body))

    assert len(picture_of_field(document.pdf, whole_page)) > len(alone)
    assert picture_of_field(document.pdf, slot) == alone, "after a larger one"
    with pytest.raises(pypdfium2.PdfiumError):
        picture_of_field(document.pdf, replace(slot, page=99))
    assert picture_of_field(document.pdf, slot) == alone, "after one that failed"


def _widget(pdf: pikepdf.Pdf, number: int) -> pikepdf.Object:
    return pdf.get_object(number, 0)


def _greys(picture: bytes) -> Image.Image:
    """In greys, with nearly white taken for white: few colours, and JPEG, do not keep it quite."""
    return Image.open(BytesIO(picture)).convert("L").point([grey if grey < 250 else 255 for grey in range(256)])


def _difference(one: Image.Image, other: Image.Image) -> float:
    """Mean of what two pictures differ by, in greys."""
    greys = ImageChops.difference(one, other).histogram()
    return sum(value * count for value, count in enumerate(greys)) / (one.width * one.height)

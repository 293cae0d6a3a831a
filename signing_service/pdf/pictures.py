"""Pictures of a PDF's pages and fields, by PDFium: what people look at before they sign.

Example::

    png = picture_of_page(pdf, 0, width=1200)
    png = picture_of_field(pdf, layout.field("njupt:president"))
"""

from __future__ import annotations

import io
import re
import threading

import pypdfium2
from PIL import Image

from signing_service.errors import FormatError, NotFoundError
from signing_service.pdf.grammar import FieldSlot

MAX_WIDTH = 2400  # pixels
FIELD_SCALE = 2  # pixels a point
_RECTANGLE = re.compile(rb"/Rect \[ ?([0-9.]+) ([0-9.]+) ([0-9.]+) ([0-9.]+) ?\]")
_PDFIUM = threading.Lock()  # PDFium is not thread-safe


def count_pages(pdf: bytes) -> int:
    """How many pages the PDF has."""
    with _PDFIUM:
        document = pypdfium2.PdfDocument(pdf)
        try:
            return len(document)
        finally:
            document.close()


def picture_of_page(pdf: bytes, page: int, *, width: int) -> bytes:
    """A page (from 0) as PNG, ``width`` pixels wide, at most MAX_WIDTH; raises NotFoundError without such a page."""
    with _PDFIUM:
        document = _open(pdf)
        try:
            if not 0 <= page < len(document):
                raise NotFoundError(f"the agreement has no page {page + 1}")
            sheet = document[page]
            bitmap = sheet.render(scale=min(width, MAX_WIDTH) / sheet.get_width())
            return _png(bitmap.to_pil())
        finally:
            document.close()


def picture_of_field(pdf: bytes, slot: FieldSlot) -> bytes:
    """A signature field's box as PNG, FIELD_SCALE pixels a point."""
    match = _RECTANGLE.search(slot.body)
    if match is None:
        raise FormatError("the field has no rectangle")
    left, bottom, right, top = (float(value) for value in match.groups())
    with _PDFIUM:
        document = _open(pdf)
        try:
            sheet = document[slot.page]
            crop = (left, bottom, sheet.get_width() - right, sheet.get_height() - top)
            return _png(sheet.render(scale=FIELD_SCALE, crop=crop).to_pil())
        finally:
            document.close()


def _open(pdf: bytes) -> pypdfium2.PdfDocument:
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()  # without it the widgets' appearances are not drawn
    return document


def _png(image: Image.Image) -> bytes:
    """64 colours chosen by an octree: seven times faster than by median cut, and as good for text on white."""
    colours = image.convert("RGB").quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    colours.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()

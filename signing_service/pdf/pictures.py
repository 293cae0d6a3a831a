"""Pictures of a PDF's pages and fields, by PDFium: what people look at before they sign.

Example::

    png = picture_of_page(pdf, 0, width=1200)
    png = picture_of_field(pdf, layout.field("njupt:president"))
"""

from __future__ import annotations

import ctypes
import io
import re
import threading
from typing import Any

import pypdfium2
from PIL import Image

from signing_service.errors import FormatError, NotFoundError
from signing_service.pdf.appearance import LINE_COLOUR, LINE_THICKNESS, line_to_sign_on
from signing_service.pdf.grammar import FieldSlot

MAX_WIDTH = 2400  # pixels
FIELD_SCALE = 4  # pixels a point
_RECTANGLE = re.compile(rb"/Rect \[ ?([0-9.]+) ([0-9.]+) ([0-9.]+) ([0-9.]+) ?\]")
_PAGE = re.compile(rb"/P ([0-9]+) 0 R")
_TRAILER_ROOM = 1024  # bytes at the end in which the newest trailer stands
_ROOT, _SIZE = re.compile(rb"/Root ([0-9]+ 0 R)"), re.compile(rb"/Size ([0-9]+)")
_STARTXREF = re.compile(rb"startxref\n([0-9]+)\n")
_PDFIUM = threading.Lock()  # PDFium is not thread-safe
_memory = (ctypes.c_ubyte * 0)()  # of the field that is being drawn; under the lock
_AS_PILLOW_HAS_IT: dict[str, Any] = {"prefer_bgrx": True, "rev_byteorder": True}  # so that nothing is repacked
_PAGE_AT_A_TIME = threading.Lock()  # a large one takes much memory; pictures of fields do not wait for it


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
    with _PAGE_AT_A_TIME:
        return _png(_drawn(pdf, page, min(width, MAX_WIDTH)))


def _drawn(pdf: bytes, page: int, width: int) -> Image.Image:
    with _PDFIUM:
        document = _open(pdf)
        try:
            if not 0 <= page < len(document):
                raise NotFoundError(f"the agreement has no page {page + 1}")
            sheet = document[page]
            image: Image.Image = sheet.render(scale=width / sheet.get_width()).to_pil()
            return image.convert("RGB")  # a copy: the image itself is PDFium's memory
        finally:
            document.close()


def picture_of_field(pdf: bytes, slot: FieldSlot, added: bytes = b"") -> bytes:
    """A signature field's box as JPEG, FIELD_SCALE pixels a point; raises FormatError where the field has none.

    ``added`` is an update that ``pdf`` does not have yet. Of the page only the line beneath the mark is drawn with the
    box: reading the page costs more than all the rest.
    """
    rectangle, page = _RECTANGLE.search(slot.body), _PAGE.search(slot.body)
    if rectangle is None or page is None:
        raise FormatError("the field has no rectangle on a page")
    left, bottom, right, top = (float(value) for value in rectangle.groups())
    box = b"[ %g %g %g %g ]" % (left, bottom, right, top)
    alone = b"<< /Type /Page /MediaBox %s /Annots [ %d 0 R ] /Contents %%d 0 R >>" % (box, slot.number)
    start, end, height = line_to_sign_on(left, right, bottom)
    strokes = b"%g %g %g RG %g w %g %g m %g %g l S"
    line = strokes % (*LINE_COLOUR, LINE_THICKNESS, start, height, end, height)
    update = _update(pdf[-_TRAILER_ROOM:] + added, len(pdf) + len(added), int(page.group(1)), alone, line)
    with _PDFIUM:
        document = _open(b"".join((pdf, added, update)))
        try:
            return _jpeg(document[slot.page].render(scale=FIELD_SCALE, bitmap_maker=_canvas, **_AS_PILLOW_HAS_IT))
        finally:
            document.close()


def _update(end: bytes, length: int, page: int, body: bytes, contents: bytes) -> bytes:
    """An incremental update (ISO 32000-1, 7.5.6) that makes another page of object ``page``.

    ``end`` is what the newest trailer stands in, of a file of ``length`` bytes.
    """
    root, size, startxref = (pattern.findall(end)[-1] for pattern in (_ROOT, _SIZE, _STARTXREF))
    fresh = int(size)
    changed = b"%d 0 obj\n%s\nendobj\n" % (page, body % fresh)
    added = b"%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (fresh, len(contents), contents)
    entries = b"%d 1\n%010d 00000 n \n%d 1\n%010d 00000 n \n" % (page, length, fresh, length + len(changed))
    trailer = b"trailer\n<< /Size %d /Root %s /Prev %s >>\n" % (fresh + 1, root, startxref)
    table = length + len(changed) + len(added)
    return changed + added + b"xref\n" + entries + trailer + b"startxref\n%d\n%%%%EOF\n" % table


def _open(pdf: bytes) -> pypdfium2.PdfDocument:
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()  # without it the widgets' appearances are not drawn
    return document


def _png(image: Image.Image) -> bytes:
    """64 colours chosen by an octree: seven times faster than by median cut, and as good for text on white."""
    colours = image.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    colours.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _canvas(width: int, height: int, format: int, rev_byteorder: bool) -> pypdfium2.PdfBitmap:
    """A bitmap on the process's one piece of memory for fields, which to get anew costs more than to draw on it."""
    global _memory
    needed = 4 * width * height
    if len(_memory) < needed:
        _memory = (ctypes.c_ubyte * needed)()
    part = (ctypes.c_ubyte * needed).from_buffer(_memory)
    return pypdfium2.PdfBitmap.new_native(width, height, format, rev_byteorder=rev_byteorder, buffer=part)


def _jpeg(bitmap: pypdfium2.PdfBitmap) -> bytes:
    """Four times as large, and eight times as fast as PNG: every signature waits for it."""
    size = (bitmap.width, bitmap.height)
    image = Image.frombuffer("RGBX", size, bitmap.buffer, "raw", "RGBX", 0, 1)  # the same memory, not a copy of it
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=90)
    return packed.getvalue()

"""Shadow attacks: the document was prepared before it was signed, and afterwards shows what was hidden in it."""

from __future__ import annotations

from functools import cache

from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, office
from tests.attacks.editing import append, body_of
from tests.attacks.saving import stream

_REAL = b"BT /F1 18 Tf 60 780 Td (The sum is 9999 dollars) Tj ET"
_COVER = b"1 g 50 770 400 40 re f 0 g BT /F1 18 Tf 60 780 Td (The sum is 1000 dollars) Tj ET"
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_HIDDEN = 90  # number of the object that stands in the file without being listed


def handmade(objects: dict[int, bytes], hidden: dict[int, bytes] | None = None) -> bytes:
    """A classic PDF with object 1 as its catalog; ``hidden`` objects stand in it but in no table."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets: dict[int, int] = {}
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    for number, body in (hidden or {}).items():
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00000 f \n"
    return bytes(out + b"trailer\n<< /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (size, start))


def _page(contents: bytes, more: bytes = b"") -> dict[int, bytes]:
    return {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> "
        b"/Contents %s %s >>" % (contents, more),
        4: _FONT,
    }


@cache
def covered() -> bytes:
    """The real content lies under a cover that belongs to the page."""
    objects = _page(b"[5 0 R 6 0 R]") | {5: stream(_REAL), 6: stream(_COVER)}
    return office().sign(handmade(objects), timestamp=True)


@cache
def annotated() -> bytes:
    """The cover is an annotation's appearance."""
    note = b"<< /Type /Annot /Subtype /Stamp /Rect [50 770 450 810] /F 4 /AP << /N 7 0 R >> >>"
    look = stream(
        _COVER, b"/Type /XObject /Subtype /Form /BBox [50 770 450 810] /Resources << /Font << /F1 4 0 R >> >>"
    )
    objects = _page(b"5 0 R", b"/Annots [6 0 R]") | {5: stream(_REAL), 6: note, 7: look}
    return office().sign(handmade(objects))


@cache
def doubled() -> bytes:
    """A second content with the same number stands in the signed bytes, listed nowhere."""
    good = stream(_REAL.replace(b"9999", b"1000"))
    return office().sign(handmade(_page(b"5 0 R") | {5: good}, hidden={5: stream(_REAL)}))


@cache
def dangling() -> bytes:
    """The page's second content refers to an object that does not exist yet."""
    return office().sign(handmade(_page(b"[5 0 R 88 0 R]") | {5: stream(_REAL.replace(b"9999", b"1000"))}))


@cache
def two_catalogs() -> bytes:
    """A whole second document is in the file, reachable from nowhere."""
    objects = _page(b"5 0 R") | {5: stream(_REAL.replace(b"9999", b"1000"))}
    second = {
        10: b"<< /Type /Catalog /Pages 11 0 R >>",
        11: b"<< /Type /Pages /Count 1 /Kids [12 0 R] >>",
        12: b"<< /Type /Page /Parent 11 0 R /MediaBox [0 0 595 842] /Contents 13 0 R >>",
        13: stream(_REAL),
    }
    return office().sign(handmade(objects | second))


CONTROLS |= {
    "covered": covered,
    "annotated": annotated,
    "doubled": doubled,
    "dangling": dangling,
    "two catalogs": two_catalogs,
}


@attack("shadow", on="covered", pades="page 1/Contents was changed")
def hide_the_cover_is_emptied():
    return append(covered(), {6: stream(b"")})


@attack("shadow", on="covered", pades="page 1/Contents was changed")
def hide_the_cover_is_freed():
    return append(covered(), {}, freed=(6,))


@attack("shadow", on="annotated", pades="annotations were taken out")
def hide_the_covering_annotation_is_removed():
    page = body_of(annotated(), 3).replace(b"6 0 R", b"", 1)
    return append(annotated(), {3: page})


@attack("shadow", on="annotated", pades="annotation/F was changed")
def hide_the_covering_annotation_is_made_invisible():
    return append(annotated(), {6: body_of(annotated(), 6).replace(b"/F 4", b"/F 2")})


@attack("shadow", on="annotated", pades="AP/N was changed")
def replace_the_annotations_appearance():
    return append(annotated(), {7: stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 1 1]")})


@attack("shadow", on="covered", pades="Font")
def replace_the_font_that_spells_the_sum():
    return append(covered(), {4: b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"})


@attack("shadow", on="doubled", pades="page 1/Contents was changed")
def hide_and_replace_by_a_table_alone():
    """The update has no object at all: its table points into the signed bytes."""
    hidden = doubled().rindex(b"5 0 obj", 0, doubled().index(b"xref"))
    return append(doubled(), {}, entries={5: hidden})


@attack("shadow", on="dangling", pades="page 1/Contents was changed")
def a_dangling_reference_gains_its_object():
    return append(dangling(), {88: stream(_COVER.replace(b"1000", b"7777"))})


@attack("shadow", on="two catalogs", pades="page 1/Contents was changed|the form was taken out|pages")
def hide_and_replace_by_another_root():
    return append(two_catalogs(), {99: b"null"}, root=10)

"""Attacks on the structure tree: what is read aloud, copied or reflowed, while the page stays as it was signed."""

from __future__ import annotations

import re
from functools import cache

from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, office
from tests.attacks.editing import append, body_of, trailer_number
from tests.attacks.saving import stream
from tests.attacks.shadow import handmade

_TEXT = b"/P << /MCID 0 >> BDC BT /F1 18 Tf 60 780 Td (The sum is 1000 dollars) Tj ET EMC"


@cache
def tagged() -> bytes:
    """A tagged page with one paragraph, certified with P=2, and then signed in a visible field of its own."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /StructParents 0 /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>"
    )
    pdf = handmade(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R /StructTreeRoot 6 0 R /MarkInfo << /Marked true >> >>",
            2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            3: page,
            4: stream(_TEXT),
            5: font,
            6: b"<< /Type /StructTreeRoot /K [7 0 R] /ParentTree 9 0 R /ParentTreeNextKey 1 >>",
            7: b"<< /Type /StructElem /S /Document /P 6 0 R /K [8 0 R] >>",
            8: b"<< /Type /StructElem /S /P /P 7 0 R /Pg 3 0 R /K 0 >>",
            9: b"<< /Nums [0 [8 0 R]] >>",
        }
    )
    return office().sign(office().sign(pdf, box=(60, 60, 200, 100)), "Second", box=(60, 160, 200, 200))


def _with_field(kind: bytes, element: bytes) -> bytes:
    """Add an empty, unseen signature field with the structure element that speaks for it."""
    pdf, size = tagged(), trailer_number(tagged(), b"Size")
    page, form = body_of(pdf, 3), max(int(number) for number in re.findall(rb"/AcroForm (\d+) 0 R", pdf))
    listed = re.sub(rb"/Fields \[", b"/Fields [ %d 0 R " % size, body_of(pdf, form))
    widget = b"<< /Type /Annot /Subtype /Widget /FT %s /T (Later) /Rect [0 0 0 0] /P 3 0 R /StructParent 1 >>" % kind
    return append(
        pdf,
        {
            3: re.sub(rb"/Annots \[", b"/Annots [ %d 0 R " % size, page),
            form: listed,
            size: widget,
            size + 1: element % size,
            6: re.sub(rb"/ParentTreeNextKey 1", b"/ParentTreeNextKey 2", body_of(pdf, 6)),
            7: re.sub(rb"/K \[8 0 R\]", b"/K [8 0 R %d 0 R]" % (size + 1), body_of(pdf, 7)),
            9: b"<< /Nums [0 [8 0 R] 1 %d 0 R] >>" % (size + 1),
        },
    )


_ELEMENT = b"<< /Type /StructElem /S /Form /P 7 0 R /K << /Type /OBJR /Obj %d 0 R >> >>"

CONTROLS["tagged"] = tagged
CONTROLS["tagged field"] = lambda: _with_field(b"/Sig", _ELEMENT)


@attack("tagging", on="tagged field", pades="an element was added that is not for a new signature field")
def a_new_fields_element_has_words_of_its_own():
    return _with_field(b"/Sig", _ELEMENT.replace(b"/S /Form", b"/S /Form /ActualText (The sum is 9999 dollars)"))


@attack("tagging", on="tagged field", pades="an element was added that is not for a new signature field")
def a_new_fields_element_takes_text_of_the_page():
    return _with_field(b"/Sig", _ELEMENT.replace(b"/K <<", b"/Pg 3 0 R /K [ 0 <<").replace(b">> >>", b">> ] >>"))


def _changed(number: int, old: bytes, new: bytes) -> bytes:
    body = body_of(tagged(), number)
    assert re.search(old, body)
    return append(tagged(), {number: re.sub(old, new, body, count=1)})


@attack("tagging", on="tagged", pades="ActualText was changed")
def a_paragraph_is_read_as_something_else():
    return _changed(8, rb">>$", b"/ActualText (The sum is 9999 dollars) >>")


@attack("tagging", on="tagged", pades="/S was changed")
def a_paragraph_becomes_an_artifact():
    return _changed(8, rb"/S\s*/P", b"/S /Artifact")


@attack("tagging", on="tagged", pades="structure tree was changed")
def a_paragraph_loses_its_content():
    return _changed(8, rb"/K 0", b"")


@attack("tagging", on="tagged", pades="an element was added that is not for a new signature field")
def a_paragraph_is_added():
    pdf, size = tagged(), trailer_number(tagged(), b"Size")
    added = b"<< /Type /StructElem /S /P /P 7 0 R /Pg 3 0 R /K 0 >>"
    body = body_of(pdf, 7)
    return append(pdf, {size: added, 7: re.sub(rb"8 0 R", b"8 0 R %d 0 R" % size, body, count=1)})


@attack("tagging", on="tagged", pades="RoleMap was changed")
def a_role_map_calls_paragraphs_artifacts():
    return _changed(6, rb">>$", b"/RoleMap << /P /Artifact >> >>")


@attack("tagging", on="tagged", pades="ParentTree")
def content_is_given_to_another_element():
    return _changed(9, rb"0 \[\s*8 0 R\s*\]", b"0 [ 7 0 R ]")


@attack("tagging", on="tagged", pades="catalog/MarkInfo|Marked")
def the_document_is_no_longer_tagged():
    number = trailer_number(tagged(), b"Root")
    return _changed(number, rb"/Marked true", b"/Marked false")

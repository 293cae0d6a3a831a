"""Attacks on certified documents and forms: annotations over the text, sneaky signatures, fields that move or lie."""

from __future__ import annotations

import io
import re

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, SigFieldSpec, append_signature_field

from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, certified, form, office
from tests.attacks.editing import append, body_of, trailer_number
from tests.attacks.saving import catalog, stream
from tests.verify.foreign import Office, issue, plain_pdf

_COVER = b"1 g 0 0 400 40 re f 0 g BT /F1 18 Tf 6 6 Td (The sum is 9999 dollars) Tj ET"


def stranger() -> Office:
    """Somebody whom nobody trusts."""
    root = issue("Stranger Root", None)
    return Office(root, issue("Stranger", root), issue("Stranger Time", root, timestamping=True))


def page_number(pdf: bytes) -> int:
    return [
        int(match[1]) for match in re.finditer(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*/Type /Page\b(?!s)", pdf, re.DOTALL)
    ][-1]


def text_field(pdf: bytes, name: bytes) -> int:
    """The number of the text field with this name."""
    matches = re.finditer(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*/T \(" + name + rb"\)", pdf, re.DOTALL)
    return [int(match[1]) for match in matches][-1]


def with_annotation(pdf: bytes, annotation: bytes, *, in_form: bool = False) -> bytes:
    """Put an annotation with a covering appearance on the page."""
    size, page = trailer_number(pdf, b"Size"), page_number(pdf)
    body = body_of(pdf, page)
    listed = b"%d 0 R" % size
    if b"/Annots [" in body:
        body = re.sub(rb"/Annots \[", b"/Annots [ " + listed + b" ", body, count=1)
    elif match := re.search(rb"/Annots (\d+) 0 R", body):
        inner = body_of(pdf, int(match[1]))
        return append(
            pdf,
            {int(match[1]): inner[:-1] + b" " + listed + b"]", size: annotation % (size + 1), size + 1: _look()},
        )
    else:
        body = body[: body.rindex(b">>")] + b"/Annots [" + listed + b"] >>"
    return append(pdf, {page: body, size: annotation % (size + 1), size + 1: _look()})


def _look() -> bytes:
    return stream(_COVER, b"/Type /XObject /Subtype /Form /BBox [0 0 400 40]")


def _annotation(subtype: bytes) -> bytes:
    return b"<< /Type /Annot /Subtype /" + subtype + b" /Rect [50 770 450 810] /F 4 /AP << /N %d 0 R >> >>"


def _evil(subtype: str, control: str, reason: str) -> None:
    def build() -> bytes:
        return with_annotation(CONTROLS[control](), _annotation(subtype.encode()))

    build.__name__ = f"evil_annotation_{subtype}_on_{control}"
    attack("certification", on=control, pades=reason)(build)


for _subtype in ("FreeText", "Stamp", "Redact", "Square", "Line", "Highlight", "Ink", "Polygon", "Watermark", "Link"):
    _evil(_subtype, "annotatable", rf"an annotation \({_subtype}\) was added")
for _subtype in ("Text", "FreeText", "Stamp"):
    _evil(_subtype, "certified", rf"an annotation \({_subtype}\) was added")
    _evil(_subtype, "approval", rf"an annotation \({_subtype}\) was added")
_evil("Text", "annotatable", r"an annotation \(Text\) was added")  # with an appearance far larger than a note
_evil("Widget", "certified", "a widget was added that belongs to no field")


@attack("certification", on="certified", pades="leads to no trusted certificate")
def sneaky_signature_with_a_covering_appearance():
    return stranger().sign(certified(), "Sneaky", box=(50, 770, 450, 810))


@attack("certification", on="certified", pades="was added to a certified document")
def sneaky_signature_by_somebody_who_is_trusted():
    return office().sign(certified(), "Sneaky", box=(50, 770, 450, 810))


@attack("certification", on="certified", pades="was added to a certified document")
def sneaky_field_to_be_signed_later():
    writer = IncrementalPdfFileWriter(io.BytesIO(certified()))
    append_signature_field(writer, SigFieldSpec("Sneaky", box=(50, 770, 450, 810)))
    out = io.BytesIO()
    writer.write(out)
    return office().sign(out.getvalue(), "Sneaky")


@attack("certification", on="certified", pades="was added to a certified document|without a signature")
def sneaky_field_without_a_signature():
    writer = IncrementalPdfFileWriter(io.BytesIO(certified()))
    append_signature_field(writer, SigFieldSpec("Sneaky", box=(50, 770, 450, 810), empty_field_appearance=True))
    out = io.BytesIO()
    writer.write(out)
    pdf = out.getvalue()
    number = [
        int(match[1]) for match in re.finditer(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*/T \(Sneaky\)", pdf, re.DOTALL)
    ][-1]
    size = trailer_number(pdf, b"Size")
    body = re.sub(rb"/AP <<.*?>>", b"", body_of(pdf, number), flags=re.DOTALL)
    body = body[: body.rindex(b">>")] + b"/AP << /N %d 0 R >> >>" % size
    return append(pdf, {number: body, size: _look()})


@attack("certification", on="form", pades="Rect was changed")
def a_field_moves_over_the_text():
    number = text_field(form(), b"Reason")
    body = re.sub(rb"/Rect \[[^]]*\]", b"/Rect [50 770 450 810]", body_of(form(), number))
    return append(form(), {number: body})


@attack("certification", on="form", pades="does not show its value")
def a_field_shows_something_else_than_its_value():
    number, size = text_field(form(), b"Reason"), trailer_number(form(), b"Size")
    body = re.sub(rb"/AP <<.*?>>", b"/AP << /N %d 0 R >> /V (1000)" % size, body_of(form(), number), flags=re.DOTALL)
    look = stream(b"/Tx BMC BT /F1 12 Tf 2 5 Td (9999) Tj ET EMC", b"/Type /XObject /Subtype /Form /BBox [0 0 200 20]")
    return append(form(), {number: body, size: look})


@attack("certification", on="form", pades="does not show its value")
def a_field_shows_something_else_in_a_composite_font():
    pdf, size = CONTROLS["form"](), trailer_number(CONTROLS["form"](), b"Size")
    return append(pdf, composite(pdf, b"Reason", b"(1000)", b"<0009000900090009>", size))


def composite(pdf: bytes, field: bytes, value: bytes, codes: bytes, first: int) -> dict[int, bytes]:
    """A field's new value and its appearance in a composite font whose map tells codes 0 to 9 as digits."""
    number = text_field(pdf, field)
    body = re.sub(rb"/AP <<[^>]*>>", b"/AP << /N %d 0 R >> /V %s" % (first, value), body_of(pdf, number))
    font = b"<< /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H /ToUnicode %d 0 R >>" % (first + 2)
    look = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F9 %d 0 R >> >>" % (first + 1)
    return {
        number: body,
        first: stream(b"BT /F9 12 Tf 2 5 Td " + codes + b" Tj ET", look),
        first + 1: font,
        first + 2: stream(b"1 beginbfrange <0000> <0009> <0030> endbfrange"),
    }


@attack("certification", on="form", pades="does not show its value|/AP")
def a_fields_appearance_changes_and_its_value_does_not():
    number, size = text_field(form(), b"Reason"), trailer_number(form(), b"Size")
    body = re.sub(rb"/AP <<.*?>>", b"/AP << /N %d 0 R >>" % size, body_of(form(), number), flags=re.DOTALL)
    look = stream(b"/Tx BMC BT /F1 12 Tf 2 5 Td (9999) Tj ET EMC", b"/Type /XObject /Subtype /Form /BBox [0 0 200 20]")
    return append(form(), {number: body, size: look})


@attack("certification", on="form", pades="/AA was changed")
def a_field_gains_an_action():
    number = text_field(form(), b"Reason")
    body = body_of(form(), number)
    return append(form(), {number: body[: body.rindex(b">>")] + b"/AA << /F << /S /JavaScript /JS (0) >> >> >>"})


@attack("certification", on="form", pades="/T was changed")
def a_field_is_renamed():
    number = text_field(form(), b"Reason")
    return append(form(), {number: body_of(form(), number).replace(b"(Reason)", b"(Renown)")})


@attack("certification", on="form", pades="fields were taken out")
def a_field_is_taken_out_of_the_form():
    number, place = text_field(form(), b"Reason"), _form_dictionary(form())
    body = re.sub(rb"\b%d 0 R" % number, b"", body_of(form(), place), count=1)
    return append(form(), {place: body})


def _form_dictionary(pdf: bytes) -> int:
    match = re.search(rb"/AcroForm (\d+) 0 R", catalog(pdf)[1])
    assert match is not None
    return int(match[1])


@attack("certification", on="disagreeing", pades="would show something else when it is drawn anew")
def viewers_are_asked_to_draw_the_fields_anew():
    """The field's value was prepared to differ from its appearance."""
    pdf = CONTROLS["disagreeing"]()
    place = _form_dictionary(pdf)
    body = body_of(pdf, place)
    return append(pdf, {place: body[: body.rindex(b">>")] + b"/NeedAppearances true >>"})


@attack("certification", on="form", pades="XFA was changed")
def a_second_form_in_xml_is_added():
    place, size = _form_dictionary(form()), trailer_number(form(), b"Size")
    body = body_of(form(), place)
    return append(form(), {place: body[: body.rindex(b">>")] + b"/XFA %d 0 R >>" % size, size: stream(b"<xdp/>")})


@attack("certification", on="certified", pades="catalog/Perms")
def the_permissions_are_taken_away():
    number, body = catalog(certified())
    return append(certified(), {number: re.sub(rb"/Perms (<<.*?>>|\d+ 0 R)", b"", body, flags=re.DOTALL)})


@attack("certification", on="locked", pades="/V was changed")
def a_locked_field_is_filled_in():
    number = text_field(CONTROLS["locked"](), b"Reason")
    body = body_of(CONTROLS["locked"](), number)
    return append(CONTROLS["locked"](), {number: body[: body.rindex(b">>")] + b"/V (9999) >>"})


@attack("certification", on="closed", pades="although no changes are permitted")
def a_document_closed_to_all_changes_is_signed():
    pdf = CONTROLS["closed"]()
    size, place, page = trailer_number(pdf, b"Size"), _form_dictionary(pdf), page_number(pdf)
    field = b"<< /FT /Sig /T (Later) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /V %d 0 R /P %d 0 R >>" % (
        size + 1,
        page,
    )
    value = b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached >>"
    body = re.sub(rb"/Fields \[", b"/Fields [ %d 0 R " % size, body_of(pdf, place), count=1)
    if b"/Fields [" not in body:
        match = re.search(rb"/Fields (\d+) 0 R", body)
        assert match is not None
        listed = body_of(pdf, int(match[1]))
        return append(pdf, {int(match[1]): listed[:-1] + b" %d 0 R]" % size, size: field, size + 1: value})
    return append(pdf, {place: body, size: field, size + 1: value})


def _disagreeing() -> bytes:
    """A text field with the value 9999 and an empty appearance, signed as it is."""
    pdf = plain_pdf(fields=True)
    number = text_field(pdf, b"Reason")
    body = body_of(pdf, number)
    return office().sign(append(pdf, {number: body[: body.rindex(b">>")] + b"/V (9999) >>"}))


CONTROLS |= {
    "disagreeing": lambda: _disagreeing(),
    "locked": lambda: _locked(),
    "closed": lambda: office().sign(plain_pdf(fields=True), certify=1),
}


def _locked() -> bytes:
    return office().sign(plain_pdf(fields=True), lock=FieldMDPSpec(FieldMDPAction.INCLUDE, fields=["Reason"]))

"""Incremental saving: the document goes on after its signature, with or without proper cross-reference data."""

from __future__ import annotations

import re
import zlib

from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, approval, certified
from tests.attacks.editing import append, body_of, startxref, trailer_number

FORGED = b"BT /F1 18 Tf 60 780 Td (The sum is 9999 dollars) Tj ET"
_OURS = "canonical|no startxref|fills 0 signature fields|changes objects|not one run from 0|not of the agreed form"


def stream(data: bytes, more: bytes = b"") -> bytes:
    """A stream object's body."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), more, data)


def page_contents(pdf: bytes) -> int:
    """The number of the page's content stream."""
    match = re.search(rb"/Contents (\d+) 0 R", pdf)
    assert match is not None
    return int(match[1])


def catalog(pdf: bytes) -> tuple[int, bytes]:
    """The catalog's number and body."""
    number = trailer_number(pdf, b"Root")
    return number, body_of(pdf, number)


def signature_dictionary(pdf: bytes) -> int:
    """The number of the newest signature dictionary."""
    return [int(match[1]) for match in re.finditer(rb"(\d+) 0 obj(?:(?!endobj).)*/ByteRange", pdf, re.DOTALL)][-1]


@attack("saving", on="approval", pades="page 1/Contents was changed")
def content_is_replaced():
    return append(approval(), {page_contents(approval()): stream(FORGED)})


@attack("saving", on="archived", agreement=_OURS, pades="page 1/Contents was changed")
def content_is_replaced_in_ours():
    pdf = CONTROLS["archived"]()
    return append(pdf, {page_contents(pdf): stream(FORGED)})


@attack("saving", on="approval", pades="bytes follow|no startxref|revision of the file ends")
def content_is_appended_without_table_and_trailer():
    return append(approval(), {page_contents(approval()): stream(FORGED)}, table=False, trailer=False)


@attack("saving", on="archived", agreement="no startxref", pades="bytes follow|startxref|revision of the file ends")
def content_is_appended_without_table_and_trailer_in_ours():
    pdf = CONTROLS["archived"]()
    return append(pdf, {page_contents(pdf): stream(FORGED)}, table=False, trailer=False)


@attack("saving", on="approval", pades="no cross-reference section|not a cross-reference stream")
def content_is_appended_with_a_trailer_but_no_table():
    return append(approval(), {page_contents(approval()): stream(FORGED)}, table=False)


@attack("saving", on="approval", pades="startxref|revision of the file ends|bytes follow")
def content_is_appended_with_a_table_but_no_trailer():
    return append(approval(), {page_contents(approval()): stream(FORGED)}, trailer=False)


@attack("saving", on="approval", pades="revision of the file ends|revision")
def content_is_appended_and_the_old_end_repeated():
    tail = b"startxref\n%d\n%%%%EOF\n" % startxref(approval())
    return append(approval(), {page_contents(approval()): stream(FORGED)}, table=False, trailer=False) + tail


@attack("saving", on="approval", pades="own /Contents.*page 1/Contents was changed")
def content_is_replaced_and_the_signature_copied():
    pdf = approval()
    number = signature_dictionary(pdf)
    return append(pdf, {page_contents(pdf): stream(FORGED), number: body_of(pdf, number)})


@attack("saving", on="approval", pades="page 1/Contents was changed")
def a_new_root_brings_other_pages():
    pdf = approval()
    body = catalog(pdf)[1]
    size = trailer_number(pdf, b"Size")
    pages = b"<< /Type /Pages /Count 1 /Kids [%d 0 R] >>" % (size + 2)
    page = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R >>" % (size + 1, size + 3)
    root = re.sub(rb"/Pages \d+ 0 R", b"/Pages %d 0 R" % (size + 1), body)
    objects = {size: root, size + 1: pages, size + 2: page, size + 3: stream(FORGED)}
    return append(pdf, objects, root=size)


@attack("saving", on="approval", pades="MediaBox|page 1")
def the_page_is_cropped():
    pdf = approval()
    number = _page(pdf)
    return append(pdf, {number: body_of(pdf, number).replace(b"/MediaBox", b"/CropBox [0 0 9 9] /MediaBox")})


def _page(pdf: bytes) -> int:
    matches = list(re.finditer(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*/Type /Page\b(?!s)", pdf, re.DOTALL))
    return int(matches[-1][1])


@attack("saving", on="approval", pades="Font")
def the_font_is_replaced():
    pdf = approval()
    match = re.search(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*/Type /Font\b", pdf, re.DOTALL)
    assert match is not None
    return append(pdf, {int(match[1]): b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"})


@attack("saving", on="approval", pades="trailer/Extra was changed")
def the_trailer_points_at_a_second_document():
    size = trailer_number(approval(), b"Size")
    return append(approval(), {size: stream(FORGED)}, extra=b"/Extra %d 0 R" % size)


@attack("saving", on="approval", pades="catalog/OpenAction")
def an_action_runs_when_the_document_opens():
    number, body = catalog(approval())
    action = b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>"
    return append(approval(), {number: body[: body.rindex(b">>")] + action})


@attack("saving", on="approval", pades="catalog/OCProperties")
def optional_content_hides_what_was_shown():
    number, body = catalog(approval())
    return append(approval(), {number: body[: body.rindex(b">>")] + b"/OCProperties << /OCGs [] /D << >> >> >>"})


@attack("saving", on="certified", pades="page 1/Contents was changed")
def a_certified_page_is_replaced():
    return append(certified(), {page_contents(certified()): stream(FORGED)})


@attack("saving", on="approval", pades="page 1/Contents was changed|page 1/Contents")
def the_content_object_is_freed():
    return append(approval(), {}, freed=(page_contents(approval()),))


@attack("saving", on="approval", pades="bytes that belong to no object")
def unlisted_objects_ride_along_in_an_update():
    pdf = approval()
    number, body = catalog(pdf)
    hidden = b"%d 0 obj\n%s\nendobj\n" % (page_contents(pdf), stream(FORGED))
    return append(pdf, {number: body}, junk=hidden)


@attack("saving", on="approval", pades="4 bytes follow|bytes follow|startxref")
def bytes_stand_after_the_end():
    return approval() + b"junk"


@attack("saving", on="archived", agreement="no startxref")
def white_space_stands_after_the_end_of_ours():
    return CONTROLS["archived"]() + b"\n"


@attack("saving", on="archived", agreement="no startxref")
def a_comment_stands_after_the_end_of_ours():
    return CONTROLS["archived"]() + b"% nothing to see\n"


@attack("saving", on="approval", pades="loop")
def previous_sections_form_a_loop():
    pdf = append(approval(), {trailer_number(approval(), b"Size"): b"null"})
    return pdf.replace(b"/Prev %d" % startxref(approval()), b"/Prev %d" % startxref(pdf))


@attack("saving", on="approval", pades="decompresses|compressed|not a cross-reference stream|damaged|object stream")
def an_object_stream_is_a_compression_bomb():
    pdf = approval()
    size = trailer_number(pdf, b"Size")
    bomb = zlib.compress(bytes(80 * 1024 * 1024), 9)
    body = stream(bomb, b"/Type /ObjStm /N 1 /First 10 /Filter /FlateDecode")
    start = len(pdf)
    out = pdf + b"%d 0 obj\n%s\nendobj\n" % (size, body)
    rows = bytes([2]) + size.to_bytes(4, "big") + b"\x00" + bytes([1]) + start.to_bytes(4, "big") + b"\x00"
    index = b"/Index [%d 1 %d 1]" % (page_contents(pdf), size)
    return out + b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
        size + 1,
        stream(
            rows,
            b"/Type /XRef /W [1 4 1] %s /Size %d /Root %d 0 R /Prev %d"
            % (index, size + 2, trailer_number(pdf, b"Root"), startxref(pdf)),
        ),
        len(out),
    )


@attack("saving", on="approval", pades="page 1/Contents was changed")
def a_hybrid_section_hides_the_replacement():
    """The table is empty; /XRefStm lists the new content, which only newer readers see."""
    pdf = approval()
    size, number = trailer_number(pdf, b"Size"), page_contents(pdf)
    start = len(pdf)
    out = pdf + b"%d 0 obj\n%s\nendobj\n" % (number, stream(FORGED))
    hidden = len(out)
    rows = bytes([1]) + start.to_bytes(4, "big") + b"\x00"
    out += b"%d 0 obj\n%s\nendobj\n" % (
        size,
        stream(rows, b"/Type /XRef /W [1 4 1] /Index [%d 1] /Size %d" % (number, size + 1)),
    )
    table = len(out)
    return out + b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Root %d 0 R /Prev %d /Size %d /XRefStm %d >>\n" % (
        size, hidden, trailer_number(pdf, b"Root"), startxref(pdf), size + 1, hidden,
    ) + b"startxref\n%d\n%%%%EOF\n" % table  # fmt: skip


@attack("saving", on="approval", pades="page 1/Contents was changed")
def an_object_stream_brings_the_replacement():
    """The page itself now comes out of an object stream and names another content."""
    pdf = approval()
    size, page = trailer_number(pdf, b"Size"), _page(pdf)
    body = re.sub(rb"/Contents \d+ 0 R", b"/Contents %d 0 R" % size, body_of(pdf, page))
    start = len(pdf)
    out = pdf + b"%d 0 obj\n%s\nendobj\n" % (size, stream(FORGED))
    head = b"%d 0 " % page
    holder = len(out)
    out += b"%d 0 obj\n%s\nendobj\n" % (
        size + 1, stream(head + body, b"/Type /ObjStm /N 1 /First %d" % len(head)),
    )  # fmt: skip
    rows = bytes([2]) + (size + 1).to_bytes(4, "big") + b"\x00"
    rows += bytes([1]) + start.to_bytes(4, "big") + b"\x00" + bytes([1]) + holder.to_bytes(4, "big") + b"\x00"
    table = len(out)
    return out + b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
        size + 2,
        stream(
            rows,
            b"/Type /XRef /W [1 4 1] /Index [%d 1 %d 2] /Size %d /Root %d 0 R /Prev %d"
            % (page, size, size + 3, trailer_number(pdf, b"Root"), startxref(pdf)),
        ),
        table,
    )

"""Parser differentials: one reader finds another document in the file than the next one."""

from __future__ import annotations

import re
import zlib
from functools import cache

from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, approval, form, office
from tests.attacks.editing import append, body_of, startxref, trailer_number
from tests.attacks.saving import FORGED, page_contents, stream
from tests.attacks.shadow import handmade
from tests.verify.foreign import plain_pdf

_TEXT = b"BT /F1 18 Tf 60 780 Td (The sum is 1000 dollars, and not more) Tj ET"


def _one_page(extra: dict[int, bytes], contents: bytes = b"5 0 R", length: bytes = b"%d" % len(_TEXT)) -> bytes:
    body = b"<< /Length %s >>\nstream\n%s\nendstream" % (length, _TEXT)
    return handmade(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents " + contents + b" >>",
            5: body,
        }
        | extra
    )


@cache
def measured() -> bytes:
    """The content stream's length is an object of its own."""
    return office().sign(_one_page({6: b"%d" % len(_TEXT)}, length=b"6 0 R"))


@cache
def compressed() -> bytes:
    """The page comes out of an object stream."""
    return office().sign(plain_pdf(object_streams=True))


@cache
def flawed() -> bytes:
    """A stream that says a wrong length leads to a font; readers repair it."""
    look = b"<< /Type /XObject /Subtype /Form /BBox [0 0 1 1] /Length 3 /Resources << /Font << /F1 7 0 R >> >> >>\n"
    look += b"stream\nBT /F1 9 Tf (1000) Tj ET\nendstream"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
    page += b"/Resources << /XObject << /X 6 0 R >> >> >>"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    return office().sign(_one_page({3: page, 6: look, 7: font}))


CONTROLS |= {"measured": measured, "compressed": compressed, "flawed": flawed}


@attack("parsing", on="measured", pades="Length was changed")
def a_streams_length_is_changed_elsewhere():
    return append(measured(), {6: b"31"})


@attack("parsing", on="flawed", pades="Font/F1/BaseFont was changed|F1/BaseFont|Resources")
def a_font_changes_behind_a_stream_that_has_to_be_repaired():
    return append(flawed(), {7: b"<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>"})


@attack("parsing", on="compressed", pades="was changed|object stream")
def an_object_stream_is_replaced_under_its_objects():
    """No object of the page is listed as changed; only their container is, and it now holds another page."""
    pdf = compressed()
    holder = int(re.findall(rb"(\d+) 0 obj\s*<<[^>]*/Type /ObjStm", pdf)[0])
    return append(pdf, {holder: _with_another_font(pdf, holder)})


def _with_another_font(pdf: bytes, holder: int) -> bytes:
    """The same object stream, but for the name of the font in it."""
    body = body_of(pdf, holder)
    start = body.index(b"stream\n") + 7
    data = zlib.decompress(body[start : body.rindex(b"endstream")])
    changed = zlib.compress(data.replace(b"/Helvetica", b"/ZapfDingb"))
    head = re.sub(rb"/Length \d+", b"/Length %d" % len(changed), body[: start - 7])
    return head + b"stream\n" + changed + b"\nendstream"


@attack("parsing", on="approval", pades="lists object .* at two places")
def a_hybrid_section_tells_old_and_new_readers_different_things():
    pdf = approval()
    size, number = trailer_number(pdf, b"Size"), page_contents(pdf)
    first = len(pdf)
    out = pdf + b"%d 0 obj\n%s\nendobj\n" % (number, stream(FORGED))
    second = len(out)
    out += b"%d 0 obj\n%s\nendobj\n" % (number, body_of(pdf, number))
    hidden = len(out)
    rows = bytes([1]) + second.to_bytes(4, "big") + b"\x00"
    section = stream(rows, b"/Type /XRef /W [1 4 1] /Index [%d 1] /Size %d" % (number, size + 1))
    out += b"%d 0 obj\n%s\nendobj\n" % (size, section)
    table = len(out)
    out += b"xref\n%d 1\n%010d 00000 n \n%d 1\n%010d 00000 n \n" % (number, first, size, hidden)
    return out + b"trailer\n<< /Root %d 0 R /Prev %d /Size %d /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        trailer_number(pdf, b"Root"), startxref(pdf), size + 1, hidden, table,
    )  # fmt: skip


@attack("parsing", on="approval", pades="does not begin with %PDF")
def bytes_stand_before_the_beginning():
    return b"junk\n" + approval()


@attack("parsing", on="approval", pades="overlap|belong to no object")
def an_object_hides_in_the_data_of_another():
    pdf = approval()
    size, number = trailer_number(pdf, b"Size"), page_contents(pdf)
    inner = b"%d 0 obj\n%s\nendobj\n" % (number, body_of(pdf, number))
    outer = stream(inner)
    place = len(pdf) + len(b"%d 0 obj\n" % size) + outer.index(inner)
    return append(pdf, {size: outer}, entries={number: place})


@attack("parsing", on="approval", pades="two keys")
def an_added_object_has_a_key_twice():
    pdf = approval()
    root = trailer_number(pdf, b"Root")
    body = body_of(pdf, root)
    return append(pdf, {root: body[: body.rindex(b">>")] + b"/Pages 1 0 R >>"})


@attack("parsing", on="form", pades="does not show its value")
def a_field_draws_its_lie_in_curves():
    pdf = form()
    matches = re.finditer(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*/T \(Reason\)", pdf, re.DOTALL)
    number, size = [int(match[1]) for match in matches][-1], trailer_number(pdf, b"Size")
    body = re.sub(rb"/AP <<.*?>>", b"/AP << /N %d 0 R >> /V (1000)" % size, body_of(pdf, number), flags=re.DOTALL)
    look = b"/Tx BMC BT 3 Tr /F1 12 Tf (1000) Tj ET 0 0 m 5 5 9 9 20 0 c f EMC"
    return append(pdf, {number: body, size: stream(look, b"/Type /XObject /Subtype /Form /BBox [0 0 200 20]")})

"""What form fields show, and whether it is their value: fonts of one and of two bytes, maps, lists, drawing anew."""

from __future__ import annotations

import re

import pytest

from signing_service.verify.objects import Ref
from signing_service.verify.pades.document import Document
from signing_service.verify.pades.shown_text import PICTURE, shown_text
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_pdf
from tests.attacks.certification import composite
from tests.attacks.editing import append, body_of, trailer_number
from tests.attacks.saving import stream
from tests.attacks.shadow import handmade
from tests.verify.by_hand import detached_container, signed_by_hand
from tests.verify.foreign import SIGNED_AT, Office, plain_pdf

SIMPLE = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica %s >>"
COMPOSITE = b"<< /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H %s >>"
MAP = b"/ToUnicode 4 0 R"
PAIRS = b"2 beginbfchar <0001> <5357> <0002> <4EAC> endbfchar"
RANGES = b"2 beginbfrange <0001> <0002> [<5357> <4EAC>] <0041> <0043> <0061> endbfrange"
SHOWN = {
    "latin": (b"/F1 9 Tf (Nanjing) Tj", SIMPLE % b"/Encoding /WinAnsiEncoding", b"", "Nanjing"),
    "kerned": (b"/F1 9 Tf [(Nan) -20 (jing)] TJ", SIMPLE % b"", b"", "Nanjing"),
    "an old computer's letters": (b"/F1 9 Tf (\\212) Tj", SIMPLE % b"/Encoding /MacRomanEncoding", b"", "\u00e4"),
    "differences": (b"/F1 9 Tf (Nanjing) Tj", SIMPLE % b"/Encoding << /Differences [65 /B] >>", b"", None),
    "differences and a map": (b"/F1 9 Tf <01> Tj", SIMPLE % (b"/Encoding << /Differences [65 /B] >> " + MAP),
                              b"1 beginbfchar <01> <0042> endbfchar", "B"),
    "two bytes": (b"/F1 9 Tf <00010002> Tj", COMPOSITE % MAP, PAIRS, "\u5357\u4eac"),
    "ranges": (b"/F1 9 Tf <000100020043> Tj", COMPOSITE % MAP, RANGES, "\u5357\u4eacc"),
    "two bytes without a map": (b"/F1 9 Tf <00010002> Tj", COMPOSITE % b"", b"", None),
    "a code that the map lacks": (b"/F1 9 Tf <00010009> Tj", COMPOSITE % MAP, PAIRS, None),
    "a font named otherwise": (b"/F#31 9 Tf (Nanjing) Tj", SIMPLE % b"", b"", "Nanjing"),
    "a picture": (b"/F1 9 Tf (Nanjing) Tj /Im1 Do", SIMPLE % b"", b"", PICTURE),
    "a map beyond its codes": (b"/F1 9 Tf <0001> Tj", COMPOSITE % MAP,
                               b"1 beginbfrange <000000> <FFFFFF> <0030> endbfrange", None),
}  # fmt: skip


@pytest.mark.parametrize("case", SHOWN)
def test_text_is_read_by_its_font_or_not_at_all(case):
    content, font, codes, expected = SHOWN[case]
    look = b"/Subtype /Form /BBox [0 0 9 9] /Resources << /Font << /F1 3 0 R >> >>"
    pdf = handmade({1: b"<< /Type /Catalog >>", 2: stream(b"BT " + content + b" ET", look), 3: font, 4: stream(codes)})

    assert shown_text(Document(pdf).snapshots[-1], Ref(2, 0)) == expected


@pytest.fixture(scope="module")
def office() -> Office:
    return Office.opened("ecdsa")


def verdict(pdf: bytes, office: Office) -> Verdict:
    return verify_pdf(pdf, office.trust(), SIGNED_AT, profile="pades").verdict


def test_a_composite_font_may_show_the_value_and_nothing_else(office):
    pdf = office.sign(plain_pdf(fields=True))
    first = trailer_number(pdf, b"Size")

    assert (
        verdict(append(pdf, composite(pdf, b"Reason", b"(1000)", b"<0001000000000000>", first)), office)
        is Verdict.PASSED
    )
    assert (
        verdict(append(pdf, composite(pdf, b"Reason", b"(1000)", b"<0009000000000000>", first)), office)
        is Verdict.FAILED
    )


def number_of(pdf: bytes, mark: bytes) -> int:
    return int(pdf[: pdf.index(mark)].rsplit(b" 0 obj", 1)[0].rsplit(b"\n", 1)[1])


def test_a_field_that_viewers_draw_themselves_may_be_filled_in_without_drawing_it(office):
    plain = plain_pdf(fields=True)
    number = number_of(plain, b"/T (Reason)")
    for form, expected in ((b"/NeedAppearances true", Verdict.PASSED), (b"", Verdict.FAILED)):
        signed = signed_by_hand(
            plain, b"/SubFilter /adbe.pkcs7.detached", lambda data: detached_container(office, data),
            fields=b"%d 0 R" % number, form=form,
        )  # fmt: skip

        filled = append(signed, {number: body_of(plain, number)[:-2] + b"/V (friendship) >>"})

        assert verdict(filled, office) is expected


def test_a_list_shows_all_its_options_and_a_combination_only_the_chosen_one(office):
    for flags, expected in ((0, Verdict.PASSED), (1 << 17, Verdict.FAILED)):
        plain = plain_pdf(fields=True)
        number = number_of(plain, b"/T (Reason)")
        choice = body_of(plain, number).replace(b"/FT /Tx", b"/FT /Ch /Ff %d /Opt [(one) (two)]" % flags)
        signed = office.sign(append(plain, {number: choice}))
        first = trailer_number(signed, b"Size")
        look = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20]"
        chosen = re.sub(rb"/AP <<[^>]*>>", b"/AP << /N %d 0 R >> /V (two)" % first, choice)

        filled = append(signed, {number: chosen, first: stream(b"BT /F1 9 Tf (one) Tj T* (two) Tj ET", look)})

        assert verdict(filled, office) is expected

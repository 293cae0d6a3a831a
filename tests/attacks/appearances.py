"""A filled-in field whose appearance says its value and shows something else: unseen text, fonts that draw, states."""

from __future__ import annotations

import re
from functools import partial

from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, form
from tests.attacks.editing import append, body_of, patched, trailer_number
from tests.attacks.saving import stream

_LOOK = b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] "
_VALUE = b"q BT /F1 12 Tf 2 5 Td (friendship) Tj ET Q"
_DIGITS = b"2 w " + b" ".join(b"%d 2 m %d 18 l %d 18 l S" % (at, at + 4, at + 8) for at in range(0, 180, 9))


def filled(look: bytes, states: bytes = b"", more: bytes = b"", objects: tuple[bytes, ...] = ()) -> bytes:
    """The first text field says ``friendship``; ``states`` are further entries of its appearance dictionary."""
    pdf, first = form(), trailer_number(form(), b"Size")
    matches = re.finditer(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*/T \(Reason\)", pdf, re.DOTALL)
    number = [int(match[1]) for match in matches][-1]
    held = b"/AP << /N %d 0 R %s >> /V (friendship)" % (first, states)
    body = re.sub(rb"/AP\s*<<.*?>>", held, body_of(pdf, number), flags=re.DOTALL)
    return append(pdf, {number: body, first: stream(look, _LOOK + more), **dict(enumerate(objects, first + 1))})


honest = partial(filled, _VALUE)
CONTROLS["filled"] = honest


def _next(at: int) -> int:
    return trailer_number(form(), b"Size") + at


@attack("appearances", on="filled", pades="does not show its value")
def the_value_is_unseen_beside_lines():
    return filled(b"q BT 3 Tr /F1 12 Tf 2 5 Td (friendship) Tj ET Q " + _DIGITS)


@attack("appearances", on="filled", pades="does not show its value")
def the_value_is_covered_with_lines():
    return filled(_VALUE + b" " + _DIGITS)


@attack("appearances", on="filled", pades="does not show its value")
def the_value_is_written_in_a_font_that_draws():
    drawn = b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [.1 0 0 .1 0 0] "
    drawn += b"/Encoding /WinAnsiEncoding "
    drawn += b"/FirstChar 97 /LastChar 97 /Widths [9] /CharProcs << /a %d 0 R >> >>" % _next(2)
    return filled(_VALUE, more=b"/Resources << /Font << /F1 %d 0 R >> >>" % _next(1), objects=(drawn, stream(_DIGITS)))


@attack("appearances", on="filled", pades="shows something else when it is pointed at")
def something_else_is_shown_to_who_points_at_it():
    return filled(_VALUE, b"/R %d 0 R" % _next(1), objects=(stream(_DIGITS, _LOOK),))


@attack("appearances", on="filled", pades="declares fewer objects than there were")
def readers_that_count_lose_the_objects():
    pdf = honest()
    return patched(pdf, b"/Size %d" % trailer_number(pdf, b"Size"), b"/Size 3")

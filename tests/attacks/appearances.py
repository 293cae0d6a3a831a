"""A filled-in field whose appearance says its value and shows something else: unseen text, fonts that draw, states."""

from __future__ import annotations

import re
from functools import partial

from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, form
from tests.attacks.editing import append, body_of, patched, trailer_number
from tests.attacks.saving import stream

_FORM = b"/Type /XObject /Subtype /Form /BBox [%s] "
_LOOK = _FORM % b"0 0 200 20"
_VALUE = b"q BT /F1 12 Tf 2 5 Td (friendship) Tj ET Q"
_DIGITS = b"2 w " + b" ".join(b"%d 2 m %d 18 l %d 18 l S" % (at, at + 4, at + 8) for at in range(0, 180, 9))


def filled(
    look: bytes, states: bytes = b"", more: bytes = b"", objects: tuple[bytes, ...] = (), box: bytes = b"0 0 200 20"
) -> bytes:
    """The first text field says ``friendship``; ``states`` are further entries of its appearance dictionary."""
    pdf, first = form(), trailer_number(form(), b"Size")
    matches = re.finditer(rb"(\d+) 0 obj\s*<<(?:(?!endobj).)*/T \(Reason\)", pdf, re.DOTALL)
    number = [int(match[1]) for match in matches][-1]
    held = b"/AP << /N %d 0 R %s >> /V (friendship)" % (first, states)
    body = re.sub(rb"/AP\s*<<.*?>>", held, body_of(pdf, number), flags=re.DOTALL)
    return append(pdf, {number: body, first: stream(look, _FORM % box + more), **dict(enumerate(objects, first + 1))})


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


BOX = b"0 0 200 20 re"
UNSEEN = {
    "in white": b"1 g " + _VALUE,
    "in a grey that is nearly white": b"0.93 0.93 0.94 rg " + _VALUE,
    "in white of another model": b"0 0 0 0 k " + _VALUE,
    "in the colour of its ground": b"0 0 0.4 rg " + BOX + b" f 0 0 0.42 rg " + _VALUE,
    "in no ink of a colour of its own": b"/Spot cs 0 scn " + _VALUE,
    "under a painted box": _VALUE + b" 1 g " + BOX + b" f",
    "under three strokes": _VALUE + b" 1 G 3 w 0 6 m 200 6 l S 0 9 m 200 9 l S 0 12 m 200 12 l S",
    "under a net of fine lines": _VALUE + b" 1 G 1 w" + b"".join(b" 0 %d m 200 %d l S" % (y, y) for y in range(4, 15)),
    "under a broad stroke": _VALUE + b" 1 G 20 w 0 10 m 200 10 l S",
    "outside of the box": b"BT /F1 12 Tf 2 500 Td (friendship) Tj ET",
    "beyond the end of the box": b"BT /F1 12 Tf 170 5 Td (friendship) Tj ET",
    "before the beginning of the box": b"BT /F1 12 Tf -40 5 Td (friendship) Tj ET",
    "clipped away": b"q 0 0 1 1 re W n " + _VALUE + b" Q",
    "clipped in part": b"q 0 0 30 20 re W n " + _VALUE + b" Q",
    "clipped by a line": b"q 0 0 m 200 20 l W n " + _VALUE + b" Q",
    "tiny": b"BT /F1 0.5 Tf 2 5 Td (friendship) Tj ET",
    "made tiny": b"q .05 0 0 .05 0 0 cm " + _VALUE + b" Q",
    "narrowed to nothing": b"BT 0 Tz /F1 12 Tf 2 5 Td (friendship) Tj ET",
    "mirrored": b"q -1 0 0 1 200 0 cm " + _VALUE + b" Q",
    "all letters on one spot": b"BT /F1 12 Tf -6 Tc 2 5 Td (friendship) Tj ET",
    "in another order": b"BT /F1 12 Tf 60 5 Td (friend) Tj -50 0 Td (ship) Tj ET",
    "back over itself": b"BT /F1 12 Tf 60 5 Td [(friend) 9000 (ship)] TJ ET",
    "in a state that is transparent": b"/Clear gs " + _VALUE,
    "in a layer": b"/OC /Layer BDC " + _VALUE + b" EMC",
    "nowhere": b"1" + b"0" * 400 + b" 0 0 1 0 0 cm " + _VALUE,
    "under a box without end": _VALUE + b" 1 g -1" + b"0" * 400 + b" 0 2" + b"0" * 400 + b" 20 re f",
    "in a stream that breaks off": _VALUE + b" ) (",
}
_STATES = b"/Resources << /ExtGState << /Clear << /ca 0 >> /Solid << /OPM 1 >> >> "
_STATES += b"/ColorSpace << /Spot [/Separation /Ink /DeviceGray << /FunctionType 2 /Domain [0 1] /N 1 >>] >> >>"


def _unseen(name: str, look: bytes) -> None:
    def build() -> bytes:
        return filled(look, more=_STATES)

    build.__name__ = f"the_value_is_written_{name.replace(' ', '_')}"
    attack("appearances", on="filled", pades="does not show its value")(build)


for _name, _look_of_it in UNSEEN.items():
    _unseen(_name, _look_of_it)


@attack("appearances", on="filled", pades="does not show its value")
def the_value_is_made_tiny_by_its_box():
    return filled(_VALUE, box=b"0 0 20000 2000")


SEEN = {
    "on a ground within a border": b"0.9 0.95 1 rg " + BOX + b" f 1 w 0.5 0.5 199 19 re S 0 g " + _VALUE,
    "in white on black": b"0 g " + BOX + b" f 1 g " + _VALUE,
    "between bevels": b"1 g 1 1 m 1 19 l 199 19 l 198 18 l 2 18 l 2 2 l f 0 g " + _VALUE,
    "within the clipping of its border": b"/Tx BMC q 2 2 196 16 re W n " + _VALUE + b" Q EMC",
    "in two lines": b"BT /F1 8 Tf 10 TL 2 11 Td (friend) Tj T* (ship) Tj ET",
    "kerned": b"BT /F1 12 Tf 1 0 0 1 2 5 Tm [(friend) -20 (sh) 30 (ip)] TJ ET",
    "in a comb": b"BT /F1 12 Tf 2 5 Td (fri) Tj 60 0 Td (end) Tj 60 0 Td (ship) Tj ET",
    "at its right end": b"BT /F1 12 Tf 138 5 Td (friendship) Tj ET",
    "longer than its box": b"BT /F1 60 Tf 2 2 Td (friendship) Tj ET",
    "in blue, with a state that hides nothing": b"/Solid gs 0 0 1 rg " + _VALUE,
    "from the edge of a clipping": b"q 2 2 196 16 re W n BT /F1 12 Tf 0 5 Td (friendship) Tj ET Q",
    "before its border": _VALUE + b" 2 w 1 1 198 18 re s",
    "in cyan": b"0 1 1 rg " + _VALUE,
    "crossed by a thin line": _VALUE + b" 0.5 w 0 2 m 200 2 l S",
}  # each by what its field's value is seen in


def seen(name: str) -> bytes:
    """A lawful look of the value."""
    return filled(SEEN[name], more=_STATES)

"""The visible signature: one small form that shows who signed, in which capacity, when, and by which mark.

Example::

    content = AppearanceInput(width=430, height=80, name="Dara Specimen", native_name="តារា គំរូ", party="…",
                              role="Rector", time=now, time_zone="Asia/Phnom_Penh", mark=TypedMark("Dara Specimen"))
    body = draw_appearance(content, fonts, layout.resources)   # docs/formats.md 4

Letters that the base's shared font has are text in that font; any other script is drawn as outlines, shaped by
HarfBuzz, under an invisible character with the true text (``/ActualText``), so that copying gives the name back.
Names shrink where they are long; nothing is clipped. The same input gives the same bytes.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from signing_service.agreement.names import check_direction, clean_name
from signing_service.errors import FormatError, InputError, LimitError
from signing_service.pdf.inscription import Line
from signing_service.pdf.marks import DrawnMark, ImageMark, TypedMark, draw_mark

if TYPE_CHECKING:
    from datetime import datetime

    from signing_service.pdf.fonts import Fonts

__all__ = ["AppearanceInput", "DrawnMark", "ImageMark", "TypedMark", "draw_appearance"]

MARK_SHARE = 0.40  # of the width; the words have the rest
MARGIN = 6  # points around
LINE_THICKNESS, LINE_COLOUR = 0.5, (0.38, 0.38, 0.38)  # points; red, green, blue
NAME_SIZE, TEXT_SIZE = 13.0, 8.6  # points
LEAST_SCALE = 0.3  # of those sizes; a text that needs a smaller one is refused
LEADING = 1.32  # of the size
MAX_BODY = 64 * 1024  # bytes; an ordinary one has 2 to 4 KB

INK = "0.07 0.13 0.33 rg 0.07 0.13 0.33 RG"  # the mark
BLACK = "0 g 0 G"
GREY = "0.35 g 0.35 G"


@dataclass(frozen=True, slots=True)
class AppearanceInput:
    """Everything that a signature shows."""

    width: int
    """Of the field's rectangle, points."""
    height: int
    name: str
    """The person's, in Latin letters."""
    native_name: str | None
    """In the person's own script."""
    party: str
    role: str
    time: datetime
    """Aware; shown in UTC and in ``time_zone``."""
    time_zone: str
    """IANA name of the party's."""
    mark: TypedMark | DrawnMark | ImageMark
    assurance: str = ""
    """How the act was approved, in a word; empty: not shown."""


def line_to_sign_on(left: float, right: float, bottom: float) -> tuple[float, float, float]:
    """Where the page's line runs beneath the mark, in a field of these edges: from, to, at which height; all points."""
    return left + MARGIN, left + (right - left) * MARK_SHARE - MARGIN, bottom + MARGIN


def draw_appearance(content: AppearanceInput, fonts: Fonts, resources: int) -> bytes:
    """The body of the appearance stream; ``resources`` is the object number of the base's shared resources.

    Raises UncoveredCharacterError, FormatError or LimitError where the texts or the mark cannot be drawn.
    """
    middle = content.width * MARK_SHARE
    mark = (MARGIN, MARGIN + 4, middle - MARGIN, content.height - MARGIN)
    parts = [
        "q",
        f"{INK} {draw_mark(content.mark, mark, fonts)}",
        "Q q",
        _draw_lines(_lines(content, fonts), middle + MARGIN, content),
        "Q",
    ]
    stream = zlib.compress(" ".join(part for part in parts if part).encode("ascii"), 9)
    if len(stream) > MAX_BODY:
        raise LimitError("the visible signature is too intricate", hint="draw it with fewer strokes")
    head = (
        f"<< /BBox [0 0 {content.width} {content.height}] /Filter /FlateDecode /FormType 1 /Length {len(stream)} "
        f"/Resources {resources} 0 R /Subtype /Form /Type /XObject >>"
    )
    return head.encode("ascii") + b"\nstream\n" + stream + b"\nendstream"


def _lines(content: AppearanceInput, fonts: Fonts) -> list[tuple[Line, str]]:
    name = clean_name(check_direction(content.name, what="name"))
    native = clean_name(check_direction(content.native_name, what="name")) if content.native_name else name
    texts = [(native, NAME_SIZE, BLACK)]
    if native != name:
        texts.append((name, TEXT_SIZE + 1.4, BLACK))
    texts += [
        (f"{content.role}, {content.party}", TEXT_SIZE, BLACK),
        (_times(content), TEXT_SIZE, BLACK),
    ]
    if content.assurance:
        texts.append((f"Assurance: {content.assurance}", TEXT_SIZE, GREY))
    return [(Line.of(text, size, fonts), colour) for text, size, colour in texts]


def _times(content: AppearanceInput) -> str:
    if content.time.tzinfo is None:
        raise FormatError("a time without a time zone cannot be shown")
    try:
        zone = ZoneInfo(content.time_zone)
    except (KeyError, ValueError, OSError):
        raise InputError(f"the time zone {content.time_zone!r} does not exist") from None
    utc, local = content.time.astimezone(ZoneInfo("UTC")), content.time.astimezone(zone)
    if content.time_zone == "UTC":
        return f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    there = f"{local:%H:%M}" if local.date() == utc.date() else f"{local:%Y-%m-%d %H:%M}"
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC ({there} {content.time_zone})"


def _draw_lines(lines: list[tuple[Line, str]], left: float, content: AppearanceInput) -> str:
    """Set the lines from ``left``, shrunk to the width and together to the height, centred in the height."""
    width, height = content.width - MARGIN - left, content.height - 2 * MARGIN
    scales = [min(1.0, width / line.width) for line, _ in lines]
    tall = sum(line.size * scale * LEADING for (line, _), scale in zip(lines, scales, strict=True))
    shrink = min(1.0, height / tall)
    if min(scales) * shrink < LEAST_SCALE:
        raise LimitError("a name or title is too long to be read in the signature's box", hint="shorten it")
    top = (content.height + tall * shrink) / 2
    drawn = []
    for (line, colour), scale in zip(lines, scales, strict=True):
        size = line.size * scale * shrink
        top -= size * LEADING
        drawn.append(f"{colour} {line.draw(left, top + size * 0.38, scale * shrink)}")
    return " ".join(drawn)

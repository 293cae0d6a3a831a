"""The mark a person makes: a typed name, strokes drawn by hand, or an image of the university's seal.

Marks come from a browser, so each constructor's ``check`` refuses what cannot be drawn; a mark never decides
more than how its own box looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from signing_service.agreement.names import check_direction, clean_name
from signing_service.errors import FormatError, LimitError
from signing_service.pdf.inscription import number
from signing_service.pdf.outlines import OutlinePath, merged, shortest

if TYPE_CHECKING:
    from signing_service.pdf.fonts import Fonts

STROKES_WIDE, STROKES_HIGH = 1000, 600  # units of a drawn mark's coordinates: the highest pad, on a phone
MAX_STROKES, MAX_POINTS = 200, 4000
PEN = 7  # width of the stroke in those units
STROKE_ERROR = 1.0  # of those units, a fifth of a point
MAX_TYPED = 60  # characters
MAX_TYPED_SIZE = 25.0  # points
MAX_IMAGE_SIDE = 160  # pixels, as stored: 200 dpi at the size of the box
MAX_COLOURS = 16  # four bits a pixel

Box = tuple[float, float, float, float]  # left, bottom, right, top; points


@dataclass(frozen=True, slots=True)
class TypedMark:
    """A name typed as signature; set in italics, whole, as large as fits."""

    text: str


@dataclass(frozen=True, slots=True)
class DrawnMark:
    """Strokes drawn with a pen, a finger or a mouse; y grows downwards, as on a screen."""

    strokes: tuple[tuple[tuple[int, int], ...], ...]

    @classmethod
    def from_flat(cls, strokes: object) -> DrawnMark:
        """Read ``[[x, y, x, y, …], …]`` as a browser sends it; raises FormatError or LimitError."""
        if not isinstance(strokes, list) or not strokes or not all(isinstance(stroke, list) for stroke in strokes):
            raise FormatError("the drawn signature is not a list of strokes")
        if any(len(stroke) % 2 or not stroke for stroke in strokes):
            raise FormatError("a stroke of the drawn signature is not pairs of numbers")
        return cls(tuple(tuple(zip(stroke[::2], stroke[1::2], strict=True)) for stroke in strokes))

    def __post_init__(self) -> None:
        points = [point for stroke in self.strokes for point in stroke]
        if not points:
            raise FormatError("the drawn signature is empty")
        if len(self.strokes) > MAX_STROKES or len(points) > MAX_POINTS:
            raise LimitError(
                "the drawn signature has more than %(strokes)s strokes or %(points)s points",
                strokes=MAX_STROKES,
                points=MAX_POINTS,
            )
        for x, y in points:
            if type(x) is not int or type(y) is not int or not (0 <= x <= STROKES_WIDE and 0 <= y <= STROKES_HIGH):
                raise FormatError(
                    "a point of the drawn signature is outside %(size)s", size=f"{STROKES_WIDE} × {STROKES_HIGH}"
                )


@dataclass(frozen=True, slots=True)
class ImageMark:
    """A university's seal in a few colours; made from an uploaded image by seal_image.read_seal."""

    width: int
    height: int
    palette: bytes
    """Red, green and blue of each colour, at most MAX_COLOURS of them."""
    pixels: bytes
    """One byte a pixel, row by row: an index into the palette."""

    def __post_init__(self) -> None:
        if not (0 < self.width <= MAX_IMAGE_SIDE and 0 < self.height <= MAX_IMAGE_SIDE):
            raise LimitError("the seal's image has more than %(limit)s pixels a side", limit=MAX_IMAGE_SIDE)
        colours = len(self.palette) // 3
        if len(self.palette) % 3 or not 0 < colours <= MAX_COLOURS:
            raise FormatError("the seal's image has not 1 to %(limit)s colours", limit=MAX_COLOURS)
        if len(self.pixels) != self.width * self.height or max(self.pixels) >= colours:
            raise FormatError("the seal's image has other pixels than it says")


Mark = TypedMark | DrawnMark | ImageMark


def draw_mark(mark: Mark, box: Box, fonts: Fonts) -> str:
    """Content stream operators that draw the mark inside ``box``, in the current colour."""
    if isinstance(mark, TypedMark):
        return _draw_typed(mark, box, fonts)
    return _draw_strokes(mark, box) if isinstance(mark, DrawnMark) else _draw_image(mark, box)


def _draw_typed(mark: TypedMark, box: Box, fonts: Fonts) -> str:
    text = clean_name(check_direction(mark.text, what="signature"), what="signature", max_length=MAX_TYPED)
    shaped = [(face, face.shape(part)) for face, part in fonts.split(text, "mark", "und")]
    width = sum(glyph.advance * face.scale for face, glyphs in shaped for glyph in glyphs) / 1000
    left, bottom, right, top = box
    size = min((right - left) / max(width, 0.1), (top - bottom) / 1.9, MAX_TYPED_SIZE)
    x = left + (right - left - width * size) / 2
    parts = []
    for face, glyphs in shaped:
        path = OutlinePath(face, size * face.scale, number(x), number(bottom + size * 0.45))
        at = 0
        for glyph in glyphs:
            path.add(glyph.number, at + glyph.x_offset, glyph.y_offset)
            at += glyph.advance
        parts.append(path.operators())
        x += at * size * face.scale / 1000
    return " ".join(parts)


def _draw_strokes(mark: DrawnMark, box: Box) -> str:
    left, bottom, right, top = box
    xs = [x for stroke in mark.strokes for x, _ in stroke]
    ys = [y for stroke in mark.strokes for _, y in stroke]
    wide, high = max(max(xs) - min(xs), 60) + 2 * PEN, max(max(ys) - min(ys), 60) + 2 * PEN
    scale = min((right - left) / wide, (top - bottom) / high, 0.22)
    x = (left + right) / 2 - scale * (max(xs) + min(xs)) / 2
    y = (bottom + top) / 2 + scale * (max(ys) + min(ys)) / 2
    paths = " ".join(_stroke(stroke) for stroke in mark.strokes)
    unit = f"{scale:.5f}"
    return f"q {unit} 0 0 -{unit} {number(x)} {number(y)} cm 1 J 1 j {PEN} w {paths} Q"


def _thinned(points: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Without those that follow another more closely than a pen is wide, but for the last: nobody could see them."""
    kept = [points[0]]
    for point in points[1:-1]:
        if max(abs(point[0] - kept[-1][0]), abs(point[1] - kept[-1][1])) >= PEN - 2:
            kept.append(point)
    return (*kept, points[-1]) if len(points) > 1 else points


def _stroke(points: tuple[tuple[int, int], ...]) -> str:
    """A smooth line through the middles of neighbouring points; a single point becomes a dot."""
    points = _thinned(points)
    begin = points[0]
    middles = [((px + qx) / 2, (py + qy) / 2) for (px, py), (qx, qy) in pairwise(points[1:])]
    curves = list(zip([begin, *middles], points[1:-1], middles, strict=False))
    at, parts = begin, [f"{begin[0]} {begin[1]} m"]
    for curve in [*merged(curves, STROKE_ERROR), (points[-1],)]:
        rounded = [(round(x), round(y)) for x, y in curve]
        parts.append(shortest(at, rounded))
        at = rounded[-1]
    drawn = [part for part in parts if part]
    return " ".join(drawn if len(drawn) > 1 else [*drawn, f"{begin[0]} {begin[1]} l"]) + " S"


def _draw_image(mark: ImageMark, box: Box) -> str:
    """An inline image (ISO 32000-1 8.9.7), four bits a pixel, hexadecimal so that the content stays ASCII."""
    left, bottom, right, top = box
    scale = min((right - left) / mark.width, (top - bottom) / mark.height)
    wide, high = mark.width * scale, mark.height * scale
    x, y = (left + right - wide) / 2, (bottom + top - high) / 2
    colours = f"[/I /RGB {len(mark.palette) // 3 - 1} <{mark.palette.hex()}>]"
    head = f"BI /W {mark.width} /H {mark.height} /CS {colours} /BPC 4 /F /AHx ID"
    rows = [mark.pixels[at : at + mark.width] for at in range(0, len(mark.pixels), mark.width)]
    data = "".join("".join(f"{pixel:x}" for pixel in row) + "0" * (mark.width % 2) for row in rows)
    return f"q {number(wide)} 0 0 {number(high)} {number(x)} {number(y)} cm {head} {data}> EI Q"

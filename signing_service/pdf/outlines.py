"""Glyph outlines as PDF path operators, in few and short words: they are most of what a visible signature weighs.

TrueType outlines are made of quadratic curves, which PDF lacks. Neighbouring ones are merged into cubic curves within
MERGE_ERROR (they were cubic once, in the designer's file), and points are rounded to a grid of UNITS to the em. Each
glyph is drawn about its own origin: so the same glyph is the same bytes wherever and in whatever size it stands, and
Deflate writes a name and the mark that repeats it hardly larger than once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from fontTools.qu2cu import quadratic_to_curves

from signing_service.errors import LimitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing_service.pdf.faces import Face

Point = tuple[float, float]
Step = tuple[str, tuple[Point, ...]]

UNITS = 200  # to the em; in the largest mark (25 points) half a unit is half a dot of a 600 dpi printer
MERGE_ERROR = 2.5  # 1/1000 em, half a unit
MAX_MERGED = 24  # curves looked at together; the work grows with the square
MAX_GLYPHS = 400  # of one run; a name has at most 200 characters


def merged(quadratics: Sequence[tuple[Point, Point, Point]], error: float) -> list[tuple[Point, ...]]:
    """Quadratic curves as fewer cubic ones, each without its first point, nowhere farther off than ``error``."""
    curves: list[tuple[Point, ...]] = []
    for start in range(0, len(quadratics), MAX_MERGED):
        found = quadratic_to_curves(quadratics[start : start + MAX_MERGED], error, all_cubic=True)
        curves += [tuple(curve[1:]) for curve in found]
    return curves


class _Recorder:
    """A pen in the manner of fontTools, as HarfBuzz draws with; gathers contours."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._quadratics: list[tuple[Point, Point, Point]] = []
        self._at: Point = (0, 0)

    def moveTo(self, point: Point) -> None:
        self._step("m", point)

    def lineTo(self, point: Point) -> None:
        self._step("l", point)

    def curveTo(self, one: Point, two: Point, end: Point) -> None:
        self._step("c", one, two, end)

    def qCurveTo(self, control: Point, end: Point) -> None:
        self._quadratics.append((self._at, control, end))
        self._at = end

    def closePath(self) -> None:
        self._step("h")

    def endPath(self) -> None:
        self._step("h")

    def _step(self, operator: str, *points: Point) -> None:
        if self._quadratics:
            self.steps += [("c", curve) for curve in merged(self._quadratics, MERGE_ERROR)]
            self._quadratics = []
        self.steps.append((operator, points))
        if points:
            self._at = points[-1]


@lru_cache(maxsize=4096)
def glyph_path(face: Face, glyph: int) -> str:
    """A glyph's outline about its origin, to be filled; its unit is 1/UNITS em, and it is empty for a space."""
    recorder = _Recorder()
    face.outline(glyph, recorder)
    words: list[str] = []
    contour: list[str] = []
    at = begin = (0, 0)
    for operator, points in recorder.steps:
        if operator == "h":
            if contour[-1:] == [f"{begin[0]} {begin[1]} l"]:
                contour.pop()  # filling closes it
            words += contour if len(contour) > 1 else []
            contour = []
            continue
        rounded = [(round(x * UNITS / 1000), round(y * UNITS / 1000)) for x, y in points]
        if operator == "m":
            begin = rounded[0]
            contour = [f"{begin[0]} {begin[1]} m"]
        elif step := shortest(at, rounded):
            contour.append(step)
        at = rounded[-1]
    return " ".join(words)


def shortest(at: tuple[int, int], points: Sequence[tuple[int, int]]) -> str:
    """A line or curve from a point in the fewest numbers (ISO 32000-1 table 59); empty if it goes nowhere."""
    end = points[-1]
    if all(_on_line(at, point, end) for point in points[:-1]):
        return "" if end == at else f"{end[0]} {end[1]} l"
    first, second = points[0], points[1]
    if first == at:
        kept, operator = [second, end], "v"
    elif second == end:
        kept, operator = [first, end], "y"
    else:
        kept, operator = [first, second, end], "c"
    return " ".join(f"{x} {y}" for x, y in kept) + f" {operator}"


def _on_line(start: tuple[int, int], point: tuple[int, int], end: tuple[int, int]) -> bool:
    """Whether a control point lies on the line's stretch, so that the curve is that line."""
    (ax, ay), (bx, by) = (point[0] - start[0], point[1] - start[1]), (end[0] - start[0], end[1] - start[1])
    return ax * by == ay * bx and 0 <= ax * bx + ay * by <= bx * bx + by * by


class OutlinePath:
    """Glyphs of a face at ``size`` points from a place on the paper, each filled by itself."""

    def __init__(self, face: Face, size: float, left: str, baseline: str) -> None:
        self._face = face
        unit = f"{size / UNITS:.4f}".rstrip("0")
        self._parts = [f"q {unit} 0 0 {unit} {left} {baseline} cm"]
        self._at = (0, 0)

    def add(self, glyph: int, x: float, y: float) -> None:
        """Place a glyph at a point, 1/1000 em."""
        path = glyph_path(self._face, glyph)
        if not path:
            return
        if len(self._parts) > MAX_GLYPHS:
            raise LimitError(f"a text of a visible signature has more than {MAX_GLYPHS} glyphs", hint="shorten it")
        place = round(x * UNITS / 1000), round(y * UNITS / 1000)
        move = place[0] - self._at[0], place[1] - self._at[1]
        self._at = place
        self._parts.append(f"{path} f" if move == (0, 0) else f"1 0 0 1 {move[0]} {move[1]} cm {path} f")

    def operators(self) -> str:
        """All of them; the graphics state is as before."""
        return " ".join([*self._parts, "Q"])

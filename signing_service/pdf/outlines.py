"""Glyph outlines as PDF path operators, in few and short words: they are most of what a visible signature weighs.

TrueType outlines are made of quadratic curves, which PDF lacks. Neighbouring ones are merged into cubic curves within
MERGE_ERROR (they were cubic once, in the designer's file), and coordinates are rounded to a grid as fine as print
needs (GRID), no finer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from fontTools.qu2cu import quadratic_to_curves

if TYPE_CHECKING:
    from signing_service.pdf.faces import Face

Point = tuple[float, float]
Step = tuple[str, tuple[Point, ...]]

GRID = 0.045  # points; a 600 dpi printer's dot is 0.12
MERGE_ERROR = 1.5  # 1/1000 em


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
            for curve in quadratic_to_curves(self._quadratics, MERGE_ERROR, all_cubic=True):
                self.steps.append(("c", tuple(curve[1:])))
            self._quadratics = []
        self.steps.append((operator, points))
        if points:
            self._at = points[-1]


@lru_cache(maxsize=4096)
def contours(face: Face, glyph: int) -> tuple[Step, ...]:
    """A glyph's outline as PDF path operators and their points, 1/1000 em."""
    recorder = _Recorder()
    face.outline(glyph, recorder)
    return tuple(recorder.steps)


class OutlinePath:
    """Glyphs of a face at ``size`` points, gathered into one path; its unit is GRID points."""

    def __init__(self, face: Face, size: float) -> None:
        self._face = face
        self._scale = size / 1000 / GRID
        self._parts: list[str] = []

    def add(self, glyph: int, x: float, y: float) -> None:
        """Place a glyph at a point, 1/1000 em."""
        for operator, points in contours(self._face, glyph):
            for px, py in points:
                self._parts.append(f"{round((px + x) * self._scale)} {round((py + y) * self._scale)}")
            self._parts.append(operator)

    def operators(self) -> str:
        """The path so far."""
        return " ".join(self._parts)

"""Glyph outlines as PDF path operators: whole numbers in 1/1000 em, quadratic curves raised to cubic ones."""

from __future__ import annotations

Point = tuple[float, float]


class OutlinePen:
    """A pen in the manner of fontTools, as HarfBuzz draws with; ``move`` sets where the next glyph stands."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._x = self._y = 0.0
        self._at: Point = (0, 0)

    def move(self, x: float, y: float) -> None:
        """Place the glyphs drawn from now on at this point."""
        self._x, self._y = x, y

    def operators(self) -> str:
        """The path so far."""
        return " ".join(self._parts)

    def moveTo(self, point: Point) -> None:
        """Begin a contour."""
        self._parts.append(f"{self._put(point)} m")

    def lineTo(self, point: Point) -> None:
        """A straight line."""
        self._parts.append(f"{self._put(point)} l")

    def curveTo(self, one: Point, two: Point, end: Point) -> None:
        """A cubic curve."""
        self._parts.append(f"{self._put(one)} {self._put(two)} {self._put(end)} c")

    def qCurveTo(self, control: Point, end: Point) -> None:
        """A quadratic curve, raised to the cubic that is the same (ISO 32000-1 has no other)."""
        start = self._at
        one = tuple(start[axis] + 2 / 3 * (control[axis] - start[axis]) for axis in (0, 1))
        two = tuple(end[axis] + 2 / 3 * (control[axis] - end[axis]) for axis in (0, 1))
        self.curveTo((one[0], one[1]), (two[0], two[1]), end)

    def closePath(self) -> None:
        """End a contour."""
        self._parts.append("h")

    def endPath(self) -> None:
        """End an open contour; filling closes it."""

    def _put(self, point: Point) -> str:
        self._at = point
        return f"{round(point[0] + self._x)} {round(point[1] + self._y)}"

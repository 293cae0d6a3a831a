"""The path that a content stream is building (ISO 32000-2 8.5.2), without curves, in the appearance's own units."""

from __future__ import annotations

from signing_service.verify.pades.plane import Box, surrounding

Point = tuple[float, float]


class Outline:
    """Points and the lines between them."""

    def __init__(self) -> None:
        self.segments: list[tuple[Point, Point]] = []
        """What a stroke draws."""
        self._points: list[Point] = []
        self._start: Point = (0.0, 0.0)
        self._rectangles = self._others = 0

    def __bool__(self) -> bool:
        return bool(self._points)

    @property
    def box(self) -> Box:
        """What surrounds it; it has a point."""
        return surrounding(self._points)

    @property
    def is_rectangle(self) -> bool:
        """Whether it is a single rectangle (turned ones are taken for what surrounds them)."""
        return self._rectangles == 1 and not self._others

    def move(self, point: Point) -> None:
        """Begin a part."""
        self._others += 1
        self._start = point
        self._points.append(point)

    def line(self, point: Point) -> None:
        """Go on to a point."""
        self.segments.append((self._points[-1], point))
        self._others += 1
        self._points.append(point)

    def close(self) -> None:
        """Go back to where the part began."""
        if self._points:
            self.segments.append((self._points[-1], self._start))

    def rectangle(self, corners: tuple[Point, Point, Point, Point]) -> None:
        """Add a part of four corners, in their order."""
        self._rectangles += 1
        self._points += corners
        self.segments += [(corners[at - 1], corners[at]) for at in range(4)]

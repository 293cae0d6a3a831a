"""Matrices and boxes of PDF's plane (ISO 32000-2 8.3)."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def multiply(first: Matrix, then: Matrix) -> Matrix:
    """The matrix that does ``first``, ``then`` the other (8.3.4)."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def transform(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """Where a point comes to lie; raises OverflowError where that is nowhere."""
    a, b, c, d, e, f = matrix
    across, up = a * x + c * y + e, b * x + d * y + f
    if not isfinite(across) or not isfinite(up):
        raise OverflowError
    return across, up


def surrounding(points: Iterable[tuple[float, float]]) -> Box:
    """The smallest box around points, of which there is at least one."""
    across, up = zip(*points, strict=True)
    return min(across), min(up), max(across), max(up)


def common(one: Box, other: Box) -> Box | None:
    """What two boxes share; None where that is nothing."""
    box = max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
    return box if box[0] < box[2] and box[1] < box[3] else None

"""Breaking a paragraph into lines so that the whole paragraph is even, not line by line (after Knuth and Plass).

From each place where a line may begin only those ends are tried whose stretch or shrink is bearable, found by
bisection in the running widths; so the work grows with the length of the text and hardly with that of the line.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing_service.pdf.rendering.segments import Segment

TOLERANCES = (1.6, 4.0, 12.0)  # ratio of stretch that a line may need, tried in this order
LEAST_FULL = 0.55  # part of the measure that a line fills before it is tried
LINE_COST = 10.0  # of any line: fewer lines are better
HYPHEN_COST = 60.0
SECOND_HYPHEN_COST = 160.0  # of a hyphen below another
FINAL_HYPHEN_COST = 260.0  # of a hyphen on the last line but one
LEAST_AFTER_HYPHEN = 0.3  # part of the measure that the last line fills where the one above ends in a hyphen
SHORT_LAST = 0.09  # a last line shorter than this part of the measure costs extra
SHORT_LAST_COST = 200.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its segments and how much each gap is stretched (> 0) or shrunk (< 0)."""

    segments: Sequence[Segment]
    ratio: float
    """Of the written spaces."""
    tight_ratio: float
    """Of the other gaps; at most 1."""
    natural: float
    """Its width before stretching, points."""

    def references(self) -> list[tuple[str, float, float]]:
        """Target, beginning and end (from the line's beginning) of each stretch of pieces with one target."""
        found: list[tuple[str, float, float]] = []
        x = -self.segments[0].trim_start if self.segments else 0.0
        open_target: str | None = None
        for segment in self.segments:
            for piece in segment.pieces:
                if piece.target and piece.target == open_target:
                    found[-1] = (piece.target, found[-1][1], x + piece.width)
                elif piece.target:
                    found.append((piece.target, x, x + piece.width))
                open_target = piece.target
                x += piece.width
            x += segment.gap + self.change(segment)
        return found

    def change(self, segment: Segment) -> float:
        """By how many points the gap after a segment is wider than natural."""
        ratio = self.ratio if segment.space is not None else self.tight_ratio
        return ratio * (segment.stretch if ratio > 0 else segment.shrink)


class _Measures:
    """Running sums over the segments of a paragraph."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.widths = [0.0, *accumulate(segment.width + segment.gap for segment in segments)]
        self.stretches = [0.0, *accumulate(segment.stretch for segment in segments)]
        self.shrinks = [0.0, *accumulate(segment.shrink for segment in segments)]

    def natural(self, start: int, end: int) -> float:
        """Width of a line of the segments from ``start`` to before ``end``."""
        first, last = self.segments[start], self.segments[end - 1]
        width = self.widths[end] - self.widths[start] - last.gap - first.trim_start - last.trim_end
        return width + (last.hyphen.width if last.hyphen and end < len(self.segments) else 0.0)

    def ratio(self, start: int, end: int, width: float) -> float:
        """The stretch (or, negative, shrink) that makes such a line ``width`` wide; infinite where it cannot."""
        spare = width - self.natural(start, end)
        last = self.segments[end - 1]
        room = (
            self.stretches[end] - self.stretches[start] - last.stretch
            if spare >= 0
            else self.shrinks[end] - self.shrinks[start] - last.shrink
        )
        if abs(spare) < 0.01:
            return 0.0
        return spare / room if room > 0 else (float("inf") if spare > 0 else -float("inf"))

    def is_remnant(self, start: int, width: float) -> bool:
        """Whether a last line from ``start`` on would be a mere remnant of a divided word."""
        divided = start > 0 and self.segments[start - 1].hyphen is not None
        return divided and self.natural(start, len(self.segments)) < width * LEAST_AFTER_HYPHEN


def break_lines(segments: Sequence[Segment], width: float, *, justify: bool = True) -> list[Line]:
    """Break into lines of at most ``width`` points; a segment wider than that gets a line of its own."""
    if not segments:
        return []
    measures = _Measures(segments)
    for tolerance in TOLERANCES if justify else ():
        starts = _best(measures, width, tolerance)
        if starts is not None:
            return _lines(measures, starts, width)
    return _lines(measures, _greedy(measures, width), width if justify else 0.0)


def _best(measures: _Measures, width: float, tolerance: float) -> list[int] | None:
    """The cheapest sequence of line ends, or None if some line cannot be set within the tolerance."""
    count = len(measures.segments)
    costs = [0.0] + [float("inf")] * count
    before = [0] * (count + 1)
    for start in range(count):
        if costs[start] == float("inf"):
            continue
        low = bisect_left(measures.widths, measures.widths[start] + width * LEAST_FULL, start + 1)
        for end in range(min(low, count), count + 1):
            ratio = measures.ratio(start, end, width)
            if ratio < -1 and end > start + 1:
                break
            if end == count:
                ratio = min(ratio, 0.0)
                if measures.is_remnant(start, width):
                    continue
            elif abs(ratio) > tolerance:
                continue
            cost = costs[start] + _cost(measures, start, end, ratio, width)
            if cost < costs[end]:
                costs[end], before[end] = cost, start
    if costs[count] == float("inf"):
        return None
    ends = [count]
    while ends[-1]:
        ends.append(before[ends[-1]])
    return ends[::-1]


def _cost(measures: _Measures, start: int, end: int, ratio: float, width: float) -> float:
    """The demerits of a line: the cube of its badness, hyphens, and a last line that is a mere stub."""
    cost = (LINE_COST + 100 * abs(ratio) ** 3) ** 2
    above = start > 0 and measures.segments[start - 1].hyphen is not None
    if end == len(measures.segments):
        stub = measures.natural(start, end) < width * SHORT_LAST and start > 0
        return cost + (SHORT_LAST_COST**2 if stub else 0.0) + (FINAL_HYPHEN_COST**2 if above else 0.0)
    if not measures.segments[end - 1].hyphen:
        return cost
    return cost + (SECOND_HYPHEN_COST if above else HYPHEN_COST) ** 2


def _greedy(measures: _Measures, width: float) -> list[int]:
    """Line ends, each line as full as it goes; for ragged text and for what cannot be justified."""
    ends = [0]
    for end in range(1, len(measures.segments) + 1):
        if end - 1 > ends[-1] and measures.natural(ends[-1], end) > width + 0.01:
            ends.append(end - 1)
    return [*ends, len(measures.segments)]


def _lines(measures: _Measures, ends: Sequence[int], width: float) -> list[Line]:
    lines = []
    for start, end in pairwise(ends):
        ratio = measures.ratio(start, end, width) if width else 0.0
        if end == len(measures.segments):
            ratio = min(ratio, 0.0)
        ratio, tight = _shares(measures, start, end, max(ratio, -1.0))
        lines.append(Line(measures.segments[start:end], ratio, tight, measures.natural(start, end)))
    return lines


def _shares(measures: _Measures, start: int, end: int, ratio: float) -> tuple[float, float]:
    """Ratios of written spaces and of other gaps: what the latter may not take, the former do, within reason."""
    if ratio <= 1:
        return ratio, ratio
    gaps = measures.segments[start : end - 1]
    spaces = sum(segment.stretch for segment in gaps if segment.space is not None)
    others = sum(segment.stretch for segment in gaps if segment.space is None)
    wanted = ratio * (spaces + others) if ratio < float("inf") else 0.0
    stretched = (wanted - others) / spaces if spaces else 0.0
    return (stretched if stretched <= TOLERANCES[-1] else 0.0), min(ratio, 1.0)

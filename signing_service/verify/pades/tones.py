"""How light the colours of an appearance are, and whether text of one can be read on another.

Colours of one, three and four components are taken for grey, RGB and CMYK whatever their space calls itself, and by
their luminance alone: what differs in hue only is hard to read and not a value's usual look.

Clauses: ISO 32000-2 8.6; WCAG 2.2 "relative luminance" and "contrast ratio".
"""

from __future__ import annotations

from typing import Any

Tone = float | None
"""Relative luminance from 0 (black) to 1; None: not known (a pattern)."""

WHITE = 1.0
_LEAST = 1.2  # contrast ratio; black on white has 21, cyan 1.25, a grey of 0.93 has 1.17


def tone_of(components: list[Any]) -> Tone:
    """The luminance of a colour; a pattern has none."""
    numbers = [min(1.0, max(0.0, value)) for value in components if isinstance(value, float)]
    if len(numbers) != len(components) or len(numbers) not in (1, 3, 4):
        return None
    if len(numbers) == 4:
        numbers = [1 - min(1.0, value + numbers[3]) for value in numbers[:3]]
    red, green, blue = (_linear(value) for value in (numbers * 3)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def differ(one: Tone, other: Tone) -> bool:
    """Whether text in one can be read on the other."""
    if one is None or other is None:
        return False
    return (max(one, other) + 0.05) / (min(one, other) + 0.05) >= _LEAST


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

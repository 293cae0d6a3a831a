"""Whether a line of text has the room that it needs, by an estimate of its width.

Widths are about Helvetica's; a font that is a third narrower or broader is still judged the same.
"""

from __future__ import annotations

from signing_service.verify.pades.plane import Box

_NARROW, _WIDE = frozenset(b" !'(),-./:;I[\\]fijlrt|`"), frozenset(b"%@MWmw")
_CUT = 0.3  # of a letter's height, at the beginning of a line
_SLACK = 0.3  # of the estimated width, at its end
_BORDER = 12.0  # units that two sides of a border may take of a small box


def estimated_width(codes: bytes) -> float:
    """In sizes of the font; codes of two bytes are taken for as wide as they are high."""
    return sum(
        0.3 if code in _NARROW else 0.85 if code in _WIDE else 0.68 if 65 <= code <= 90 else 0.53 for code in codes
    )


def has_room(box: Box, seen: Box, whole: Box, along: int) -> bool:
    """Whether text in ``box`` is to be seen in what is left of ``whole`` by clipping.

    ``along``: 0 where it runs across, 1 where it runs up. Text that is too long for the room may go beyond its end.
    """
    for low, high in ((0, 2), (1, 3)):
        room, length, all_of_it = seen[high] - seen[low], box[high] - box[low], whole[high] - whole[low]
        inside = min(seen[high], box[high]) - max(seen[low], box[low])
        if all_of_it - room > max(0.4 * all_of_it, min(_BORDER, 0.65 * all_of_it)):
            return False
        if low != along or (1 + _SLACK) * length > room:
            if inside < min(length, room) / 2:
                return False
        elif seen[low] - box[low] > _CUT * (box[3 - low] - box[1 - low]) or box[high] - _SLACK * length > seen[high]:
            return False
    return True

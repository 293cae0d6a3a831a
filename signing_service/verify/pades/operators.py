"""The operators of a content stream with their operands (ISO 32000-2 7.8.2).

    for operator, operands in operations(b"BT /F1 9 Tf (Nanjing) Tj ET"):
        operator, operands        # ("Tf", [Name("F1"), 9.0]); numbers are floats

Inline images are not for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from signing_service.verify.objects import parse_object, skip_space

_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?=$|[\x00\t\n\x0c\r \[\]()<>/{}%]|[A-Za-z'\"])")
_WORD = re.compile(rb"[A-Za-z'\"][A-Za-z0-9*'\"]*")


def operations(data: bytes) -> Iterator[tuple[str, list[Any]]]:
    """Each operator in its order; raises FormatError."""
    operands: list[Any] = []
    position = skip_space(data, 0)
    while position < len(data):
        number, word = _NUMBER.match(data, position), _WORD.match(data, position)
        if number is not None:
            operands.append(float(number[0]))
            position = number.end()
        elif word is not None:
            yield word[0].decode("ascii"), operands
            operands, position = [], word.end()
        else:
            value, position = parse_object(data, position)
            operands.append(value)
        position = skip_space(data, position)

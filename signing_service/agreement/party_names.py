"""Names of parties that nobody could tell apart on the sealed page.

Example::

    >>> list(doubles([("Andaman University", "มหาวิทยาลัยอันดามัน"), ("ANDAMAN  University", "อื่น")]))
    [Double(index=1, member='name', first=0)]
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Double:
    """A name that an earlier party has already, in English or in its own script."""

    index: int
    """Of the later party."""
    member: str
    """``name`` or ``native_name``."""
    first: int
    """Index of the party that has it already."""


def doubles(parties: Iterable[tuple[str, str]]) -> Iterator[Double]:
    """Each party's English and own name against those of all before it; one complaint a party."""
    taken: dict[str, int] = {}
    for index, names in enumerate(parties):
        folded = list(map(_folded, names))
        for member, name in zip(("name", "native_name"), folded, strict=True):
            if taken.get(name, index) != index:
                yield Double(index, member, taken[name])
                break
        for name in filter(None, folded):
            taken.setdefault(name, index)


def _folded(name: str) -> str:
    """What is left of a name for the eye: letters, marks and digits in one case and width."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in plain if unicodedata.category(character)[0] in "LMN")

"""Where a word may be divided at a line's end: by the patterns that LibreOffice and TeX use, through Pyphen.

Example::

    divided([Span("an international alliance", BODY)])   # "an inter<soft hyphen>na<soft hyphen>tional al<…>liance"

Only plain words are divided: lower-case letters, between spaces or punctuation. So no name is (it has a capital),
no acronym, no address, no number, and no word that its author hyphenated. A word in which the author has put soft
hyphens is divided there and nowhere else. Languages without patterns, or without spaces, are left alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pyphen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from signing_service.pdf.rendering.segments import Span

SOFT_HYPHEN = "\u00ad"
LEAST_LETTERS = 6  # of a word that is divided
LEAST_BEFORE, LEAST_AFTER = 3, 3  # letters on each side of the hyphen

_BESIDE = r"\w\-\u2010\u2011'’/@:&#_\u00ad"  # next to these it is a part of something longer
_WORD = re.compile(rf"(?<![{_BESIDE}])(?<![{_BESIDE}]\.)[^\W\d_]{{{LEAST_LETTERS},}}(?![{_BESIDE}]|\.\w)")


def divided(spans: Sequence[Span], language: str) -> list[Span]:
    """The same spans with soft hyphens where their words may be divided; a word may run over two spans."""
    patterns = _patterns(language.replace("-", "_"))
    if patterns is None:
        return list(spans)
    text = "".join(span.text for span in spans)
    places = [
        match.start() + place
        for match in _WORD.finditer(text)
        if match[0].islower()
        for place in patterns.positions(match[0])
    ]
    found, at = [], 0
    for span in spans:
        end = at + len(span.text)
        cuts = [at, *places[bisect_right(places, at) : bisect_left(places, end)], end]
        parts = (text[one:two] for one, two in pairwise(cuts))
        found.append(replace(span, text=SOFT_HYPHEN.join(parts)))
        at = end
    return found


def divided_word(word: str, language: str) -> str:
    """One word, whatever it is, with soft hyphens between its syllables; for where it is wider than the measure."""
    patterns = _patterns(language.replace("-", "_"))
    cuts = [0, *(patterns.positions(word.lower()) if patterns else ()), len(word)]
    return SOFT_HYPHEN.join(word[one:two] for one, two in pairwise(cuts))


@lru_cache(maxsize=32)
def _patterns(language: str) -> pyphen.Pyphen | None:
    """The patterns of a language or, if it has none of its own, of the language without its country or script."""
    known = pyphen.language_fallback(language)
    return pyphen.Pyphen(lang=known, left=LEAST_BEFORE, right=LEAST_AFTER) if known else None

"""From characters to segments: stretches of shaped glyphs between two places where a line may break.

Where lines may break is ICU's business (Unicode line breaking, with dictionaries for Thai, Lao, Khmer and Burmese).
Chinese text gets what its typography wants: a little space between Han and Latin letters or digits, full-width
punctuation squeezed where two meet and trimmed at the edges of a line. No space that is not written grows to a tenth
of an em, because copying programs would then take it for a written one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from icu4py.breakers import CharacterBreaker, LineBreaker

from signing_service.pdf.fonts import NOT_PRINTED
from signing_service.pdf.rendering.hyphenation import SOFT_HYPHEN, divided, divided_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from signing_service.pdf.faces import Face, Glyph
    from signing_service.pdf.fonts import Fonts
    from signing_service.pdf.rendering.styles import TextStyle

SPACE_STRETCH, SPACE_SHRINK = 0.65, 0.15  # of a space's width; below 0.15 em programs no longer see a space
HAN_STRETCH = 0.09  # em between two Han characters
AUTOSPACE = 0.09  # em between Han and Latin
SQUEEZE = 0.5  # em: the empty half of a full-width bracket, comma or full stop

_CLOSING = frozenset("，。、；：！？）》」』】〕〉”’")
_OPENING = frozenset("（《「『【〔〈“‘")
_REMOVED = dict.fromkeys(map(ord, NOT_PRINTED))
_HYPHENS = ("-", "\u2010")


@dataclass(frozen=True, slots=True)
class Piece:
    """Shaped glyphs of one face at one size."""

    face: Face
    size: float
    glyphs: tuple[Glyph, ...]
    text: str
    style: TextStyle
    target: str | None
    width: float
    """Points, tracking included."""

    @property
    def composed(self) -> bool:
        """Whether glyphs do not match characters one to one or one to many, so that the text must be told."""
        return self.face.composed or any(not glyph.text for glyph in self.glyphs)


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands between two places where a line may break; lengths in points."""

    pieces: tuple[Piece, ...]
    width: float
    gap: float = 0.0
    """The space after it, if the line goes on: with its stretch and shrink."""
    stretch: float = 0.0
    shrink: float = 0.0
    space: Piece | None = None
    """The space as a glyph, where one is written."""
    trim_start: float = 0.0
    """What may hang out where it begins a line."""
    trim_end: float = 0.0
    hyphen: Piece | None = None
    """Set where a line breaks after it; copied as a soft hyphen, which is in no word (ISO 32000-1 14.8.2.2.3)."""


@dataclass(frozen=True, slots=True)
class Span:
    """Text in one style, as the caller gives it."""

    text: str
    style: TextStyle
    target: str | None = None


class Shaper:
    """Cuts and shapes text; words are remembered, because a document repeats them."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts
        self._words: dict[tuple[str, TextStyle, str | None], tuple[Piece, ...]] = {}

    def pieces(self, text: str, style: TextStyle, target: str | None = None) -> tuple[Piece, ...]:
        """Shape a text that is not to be broken; raises UncoveredCharacterError."""
        key = (text, style, target)
        found = self._words.get(key)
        if found is None:
            found = tuple(self._shape(text, style, target))
            self._words[key] = found
        return found

    def width(self, text: str, style: TextStyle) -> float:
        """Of a text on one line, points."""
        return sum(piece.width for piece in self.pieces(text, style))

    def fitting(self, text: str, style: TextStyle, width: float) -> str:
        """The text or, where it is wider than ``width``, its beginning and an ellipsis."""
        if self.width(text, style) <= width:
            return text
        kept = ""
        for part in LineBreaker(text, style.language):
            if kept and self.width(f"{(kept + part).rstrip()}…", style) > width:
                break
            kept += part
        return f"{kept.rstrip()}…"

    def _shape(self, text: str, style: TextStyle, target: str | None) -> Iterable[Piece]:
        for face, part in self._fonts.split(text, style.font, style.language):
            size = style.size * face.scale
            features = style.features if face.name.startswith(("serif", "sans")) else ()
            glyphs = _squeezed(face.shape(part, features))
            width = sum(glyph.advance for glyph in glyphs) * size / 1000 + style.tracking * len(glyphs)
            yield Piece(face, size, glyphs, part, style, target, width)

    def segments(self, spans: Sequence[Span], measure: float = float("inf")) -> list[Segment]:
        """Cut a paragraph where lines may break; what is wider than the measure is cut again, so that nothing is."""
        language = spans[0].style.language if spans else "en"
        if spans and spans[0].style.align == "justify":
            spans = divided(spans, language)
        text = "".join(span.text for span in spans)
        bounds = _Bounds(spans)
        segments: list[Segment] = []
        at = 0
        for part in _breakable(text, language):
            cut = bounds.cut(at, at + len(part))
            segment = self._segment(cut)
            segments += [segment] if segment.width <= measure else self._narrowed(cut, measure)
            at += len(part)
        return [_spaced(one, two) for one, two in zip(segments, [*segments[1:], None], strict=True)]

    def _narrowed(self, parts: list[Span], measure: float) -> list[Segment]:
        """An overlong word, cut between its syllables or, where these are too wide or none, between letters."""
        found: list[Segment] = []
        for span in parts:
            for syllable in LineBreaker(divided_word(span.text, span.style.language), span.style.language):
                segment = self._segment([replace(span, text=syllable)])
                letters = _letters(syllable) if segment.width > measure else [syllable]
                found += [self._segment([replace(span, text=letter)]) for letter in letters]
        return found

    def _segment(self, parts: list[Span]) -> Segment:
        pieces: list[Piece] = []
        for part in parts:
            printed = part.text.translate(_REMOVED)
            if printed.rstrip(" "):
                pieces += self.pieces(printed.rstrip(" ") if part is parts[-1] else printed, part.style, part.target)
        last = parts[-1]
        space = hyphen = None
        if last.text.endswith(" "):
            space = self.pieces(" ", last.style)[0]
        elif last.text.endswith(SOFT_HYPHEN):
            hyphen = _soft(self.pieces("-", last.style)[0])
        width = sum(piece.width for piece in pieces)
        gap = space.width if space else 0.0
        start, end = (_half(pieces[0], 0, _OPENING), _half(pieces[-1], -1, _CLOSING)) if pieces else (0.0, 0.0)
        return Segment(
            tuple(pieces), width, gap, gap * SPACE_STRETCH, gap * SPACE_SHRINK, space, start, end, hyphen
        )


def _letters(text: str) -> list[str]:
    """Letters with their marks, the last one with the space or soft hyphen after it."""
    body = text.rstrip(f" {SOFT_HYPHEN}")
    letters = list(CharacterBreaker(body, "en")) or [""]
    return [*letters[:-1], letters[-1] + text[len(body) :]]


def _breakable(text: str, language: str) -> Iterable[str]:
    """Cut where ICU allows a line to break, but after no hyphen: copying programs would take it for one of ours."""
    held = ""
    for part in LineBreaker(text, language):
        held += part
        if not held.endswith(_HYPHENS):
            yield held
            held = ""
    if held:
        yield held


class _Bounds:
    """Finds the spans between two characters of the joined text, from its beginning to its end."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._index, self._at = 0, 0  # of the span in which the last cut ended

    def cut(self, start: int, end: int) -> list[Span]:
        """The parts of spans between two characters, of which the first is where the last cut ended or later."""
        parts = []
        while self._index < len(self._spans):
            span = self._spans[self._index]
            low, high = max(start, self._at), min(end, self._at + len(span.text))
            if low < high:
                parts.append(Span(span.text[low - self._at : high - self._at], span.style, span.target))
            if self._at + len(span.text) > end:
                break
            self._at += len(span.text)
            self._index += 1
        return parts


def _soft(hyphen: Piece) -> Piece:
    glyphs = tuple(replace(glyph, text=SOFT_HYPHEN) for glyph in hyphen.glyphs)
    return replace(hyphen, glyphs=glyphs, text=SOFT_HYPHEN)


def _half(piece: Piece, index: int, marks: frozenset[str]) -> float:
    """The empty half of a full-width mark at an end of a piece."""
    glyph = piece.glyphs[index]
    return piece.size * SQUEEZE if glyph.text in marks and glyph.advance >= 990 else 0.0


def _squeezed(glyphs: tuple[Glyph, ...]) -> tuple[Glyph, ...]:
    """Take half an em from a full-width closing mark that another one follows, and so for opening ones."""
    if not any(glyph.text in _CLOSING or glyph.text in _OPENING for glyph in glyphs[:-1]):
        return glyphs
    result = list(glyphs)
    for index, (one, two) in enumerate(pairwise(glyphs)):
        closing = one.text in _CLOSING and (two.text in _CLOSING or two.text in _OPENING)
        opening = one.text in _OPENING and two.text in _OPENING
        if (closing or opening) and one.advance >= 990:
            result[index] = one.narrower(round(1000 * SQUEEZE))
    return tuple(result)


def _spaced(one: Segment, two: Segment | None) -> Segment:
    """Give a segment the gap that its successor calls for, where no space is written."""
    if two is None or one.space is not None or one.hyphen is not None or not one.pieces or not two.pieces:
        return one
    left, right = one.pieces[-1], two.pieces[0]
    before, after = left.text[-1], right.text[0]
    em = left.style.size
    if one.trim_end and two.trim_start:
        return _with_gap(one, -em * SQUEEZE, em * HAN_STRETCH, 0.0)
    if _is_han(before) and _is_han(after):
        return _with_gap(one, 0.0, em * HAN_STRETCH, em * 0.02 + one.trim_end * 0.5)
    if (_is_ideograph(before) and _is_western(after)) or (_is_western(before) and _is_ideograph(after)):
        return _with_gap(one, em * AUTOSPACE, 0.0, em * AUTOSPACE / 2)
    return one


def _with_gap(segment: Segment, gap: float, stretch: float, shrink: float) -> Segment:
    return Segment(
        segment.pieces, segment.width, gap, stretch, shrink, segment.space, segment.trim_start, segment.trim_end
    )


def _is_ideograph(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or character >= "\U00020000"


def _is_han(character: str) -> bool:
    return _is_ideograph(character) or character in _CLOSING or character in _OPENING or character in "—…"


def _is_western(character: str) -> bool:
    return character.isalnum() and character < "\u0590"

"""Names of people, parties and roles: one spelling, printable, and safe to show beside other text.

Example::

    >>> clean_name("  Ada   Specimen ")
    'Ada Specimen'

A name goes into certificates, events and a PDF for decades. It is therefore in Unicode normal form NFC and
holds no control character, no bidirectional control (which would reorder the text beside it), no
private-use or unassigned code point and no line break.
"""

from __future__ import annotations

import re
import unicodedata

from signing_service.errors import FormatError, LimitError

MAX_NAME_LENGTH = 200  # characters after normalisation; X.520's ub-common-name of 64 binds certificates only
JOINERS = "\u200c\u200d"  # ZWNJ and ZWJ, which several scripts need inside a word (UAX #31 section 2.3)
WORD_BREAK = "\u200b"  # invisible in names, so that two names could look alike: removed

_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REPLACEMENTS = "\ufffc\ufffd"  # what broken decoders leave behind
_RIGHT_TO_LEFT = frozenset({"R", "AL", "RLE", "RLO", "RLI"})
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_LOOKALIKES = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN")  # scripts whose letters are taken for one another
MAX_MARKS = 8  # combining marks in a row; the densest Burmese, Khmer or Vietnamese syllables have fewer
_SPACES = re.compile(r"\s+")


def clean_name(text: str, *, what: str = "name", max_length: int = MAX_NAME_LENGTH) -> str:
    """Return ``text`` in NFC with single spaces and none at the ends.

    Raises FormatError, with ``what`` and the code point in its message, on an empty name, on one without a
    letter, and on a character that check_characters refuses; LimitError above ``max_length`` characters.
    """
    name = _SPACES.sub(" ", check_characters(text, what=what).replace(WORD_BREAK, "")).strip()
    if len(name) > max_length:
        raise LimitError("%(what)s is longer than %(limit)s characters", what=what, limit=max_length)
    if not any(unicodedata.category(character)[0] == "L" for character in name):
        raise FormatError("%(what)s %(name)s holds no letter", what=what, name=repr(name))
    return name


def check_characters(text: str, *, what: str = "text") -> str:
    """Return ``text`` in NFC; raises FormatError on characters that do not belong in printed text.

    Refused are control characters (line feed and tab among them), bidirectional controls, other invisible
    format characters except the word break and the joiners, surrogates, private-use and unassigned code points,
    and more than MAX_MARKS combining marks in a row, which would run over the lines around.
    """
    if text.isascii() and text.isprintable():
        return text  # none of these is refused
    normal = unicodedata.normalize("NFC", text)
    marks = 0
    for character in normal:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MAX_MARKS:
            raise FormatError("%(what)s has more than %(limit)s marks on one letter", what=what, limit=MAX_MARKS)
        invisible = category == "Cf" and character not in JOINERS + WORD_BREAK + "\u00ad"
        broken = category in _REFUSED_CATEGORIES or character in _REPLACEMENTS
        if broken or invisible or character in _BIDI_CONTROLS:
            raise FormatError(
                "%(what)s holds the character %(code)s, which cannot be printed",
                hint="retype the text without control, direction or private-use characters",
                what=what,
                code=f"U+{ord(character):04X}",
            )
    return normal


def mixed_word(text: str) -> str | None:
    """The first word in which Latin letters stand beside Cyrillic, Greek or Armenian ones; None if there is none."""
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
        if len(scripts & {*_LOOKALIKES}) > 1:
            return str(word)
    return None


def check_direction(text: str, *, what: str = "text") -> str:
    """Return ``text`` unless it holds right-to-left letters, which this service does not print yet: FormatError."""
    for character in text:
        if unicodedata.bidirectional(character) in _RIGHT_TO_LEFT:
            raise FormatError(
                "%(what)s holds %(letter)s (%(code)s), of a script written from right to left",
                hint="right-to-left scripts are refused rather than printed wrong; give a left-to-right spelling",
                what=what,
                letter=unicodedata.name(character, "a letter"),
                code=f"U+{ord(character):04X}",
            )
    return text

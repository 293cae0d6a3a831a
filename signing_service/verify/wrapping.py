"""Lines for people: broken at a width, continued under where their text begins, in any script.

    rows = list(wrapped("Agreement   12 Countries, 12 Universities …", 80))

Widths are those of a terminal: a Chinese letter takes two columns, a Thai vowel above another letter none. A line is
broken at spaces and between Chinese, Japanese and Korean letters, by their rules for punctuation; in a run of Thai,
Lao, Khmer or Burmese, which has no spaces, between whole letters where it does not fit on a line of its own. What
people copy is never broken: hashes, paths, moments, fingerprints, commands between backticks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

PAPER = 80  # columns of a page that goes into a file or a pipe
LEAST = 20  # columns of text; where there would be fewer, nothing is broken
NAME = 24  # columns of a name in letters that may be parted, which goes to the next line as a whole
LABEL_COLUMNS = 12  # of a report's labels
CONTROL = dict.fromkeys((*range(32), *range(127, 160), *range(8234, 8239), *range(8294, 8298)), "�")
"""What each character becomes that could move or hide other text on a terminal, for ``str.translate``."""

_SPACE = "\x1f"  # stands for a space at which no line may end; never in a text that clean() has gone through
_PAINT = re.compile("\x1b\\[[0-9]*m")
_LABEL = re.compile(r"(?:[A-Z][\w-]*(?: for)? +)(?=\S)")
_TOGETHER = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC"
    r"|(?:[a-z2-7]{4} ){7}[a-z2-7]{4}"  # a fingerprint
    r"|`[^`]{1,60}`"
    r"|\b(?:not witnessed|uniqueness (?:not )?checked|time not independent|exit code \d)\b"
)
_NO_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{2}")  # Thai, Lao, Burmese, Khmer
_FOLLOWING = "\u0e30\u0e32\u0e33\u0e45\u0e46\u0eb0\u0eb2\u0eb3\u0ec6"  # vowels and marks that begin no line
_LEADING = "\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4"  # vowels that end none
_NOT_FIRST = frozenset("、。，．：；！？）］｝」』】〉》”’…‥ー々・,.:;!?)]}%" + _FOLLOWING)  # JIS X 4051, GB/T 15834
_NOT_LAST = frozenset("（［｛「『【〈《“‘([{" + _LEADING)


def counted(number: int, one: str, many: str = "") -> str:
    """``1 file``, ``2 files``, ``2 entries``: without ``many`` an s is added."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def kept(text: str) -> str:
    """The text with spaces at which :func:`wrapped` breaks no line: a path, a name that is copied."""
    return text.replace(" ", _SPACE)


def wrapped(line: str, width: int, indent: int = 0) -> Iterator[str]:
    """Break a line; what follows stands under the text after a label, or four columns further in.

    ``width``: 0 for one line as long as it is. ``indent``: where what follows stands instead; the first word after so
    many columns is never put below.
    """
    whole = _TOGETHER.sub(lambda found: kept(found[0]), line)
    label = _LABEL.match(whole)
    labelled = label is not None and label.end() == LABEL_COLUMNS
    below = indent or (LABEL_COLUMNS if labelled else len(whole) - len(whole.lstrip(" ")) + 4)
    room = width - below
    row, used = "", 0
    for piece in _pieces(whole, room) if room > LEAST else (whole,):
        taken = columns(piece)
        if used > indent and used + taken > width > 0:
            yield row.rstrip(" ").replace(_SPACE, " ")
            row, used = " " * below, below
            piece = piece.lstrip(" ")
            taken = columns(piece)
        row, used = row + piece, used + taken
    yield row.replace(_SPACE, " ")


def columns(text: str) -> int:
    """How wide a text is on a terminal."""
    return sum(map(_width, _PAINT.sub("", text)))


def _width(letter: str) -> int:
    if letter < "\u0300":
        return 1
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if _is_wide(letter) else 1


def _is_wide(letter: str) -> bool:
    return letter > "\u1100" and unicodedata.east_asian_width(letter) in "WF"


def _pieces(line: str, room: int) -> Iterator[str]:
    """What stays together, each with the spaces before it.

    Spaces at the end go first: the search would begin at each of them anew, and a forged file may hold a million.
    """
    for word in re.findall(r" *[^ ]+", line.rstrip(" ")):
        taken = columns(word)
        if word.isascii() or taken <= NAME:
            yield word
            continue
        anywhere = taken > room and _NO_SPACES.search(word) is not None
        begin = 0
        for at in range(1, len(word)):
            if _may_break(word, at, anywhere):
                yield word[begin:at]
                begin = at
        yield word[begin:]


def _may_break(word: str, at: int, anywhere: bool) -> bool:
    """Whether a line may end before the letter ``at``; ``anywhere``: between any two whole letters of a long run."""
    before, after = word[at - 1], word[at]
    if before == " " or after in _NOT_FIRST or before in _NOT_LAST or not _width(after):
        return False
    if _is_wide(before) or _is_wide(after):
        return _SPACE not in (before, after)
    return anywhere and _NO_SPACES.fullmatch(before + after) is not None

"""The report as it is saved: with the letters of its language inside, so that it is read wherever and whenever.

    page = with_fonts(result.page, service.fonts.faces)

Of the agreement's typefaces only the Han, Cyrillic and accented letters that stand in this report go in, and the
scripts of South-East Asia as a whole, since their letters are made of others when they are set: some 20 to 130 KB.
A report with more different letters than any honest one is left to the fonts of the computer that reads it.
Latin letters are on every computer and stay out. Nothing that runs or is fetched comes in.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from signing_service.verify.html_style import EMBEDDED
from signing_service.web import han, typefaces

if TYPE_CHECKING:
    from signing_service.pdf.faces import Face

FACES = ("sans", "thai", "lao", "khmer", "myanmar", "han")  # a letter comes from the first that holds it
WHOLE = ("thai", "lao", "khmer", "myanmar")
MOST_LETTERS = 3000  # of a typeface, some 2 MB; a forged file could ask for all 30,000, and 400 MB of memory for them
LATIN_1 = 0xFF  # the last code point that every font has


def with_fonts(page: str, faces: Mapping[str, Face]) -> str:
    """The page with a rule for each script in it; one whose letters no typeface holds is left as it is."""
    return page.replace("<style>", "<style>" + "".join(_rules(page, faces)), 1)


def _rules(page: str, faces: Mapping[str, Face]) -> Iterator[str]:
    left = {ord(letter) for letter in page if ord(letter) > LATIN_1}
    for name in FACES:
        held = left & faces[name].characters
        left -= held
        if held and (name in WHOLE or len(held) <= MOST_LETTERS):
            whole = {code for code in faces[name].characters if code > LATIN_1} if name in WHOLE else held
            covered = han.ranges(sorted(whole))
            data = b64encode(typefaces.subset(faces[name].path, covered)).decode()
            spelled = ", ".join(f"U+{first:X}-{last:X}" for first, last in covered)
            source = f"url(data:font/ttf;base64,{data})"
            yield f'@font-face {{ font-family: "{EMBEDDED}"; src: {source}; unicode-range: {spelled} }}\n'

"""The agreement's typefaces for its pages: the files of the PDF's fonts, cut down to what a page's language needs.

Browsers fetch them from us (never from anybody else), compressed, once. Scripts that devices bring fonts for
(Han) are not served.
"""

from __future__ import annotations

import functools
import gzip
from pathlib import Path

import uharfbuzz

LATIN = ((0x20, 0x17F), (0x1A0, 0x1B0), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x20A0, 0x20BF), (0x2190, 0x2193))
CYRILLIC = ((0x400, 0x52F),)

FACES: dict[str, tuple[str, tuple[tuple[int, int], ...]]] = {  # name in the style sheet: face, code points (none: all)
    "serif-latin": ("serif", LATIN),
    "serif-cyrillic": ("serif", CYRILLIC),
    "serif-bold-latin": ("serif-bold", LATIN),
    "serif-bold-cyrillic": ("serif-bold", CYRILLIC),
    "serif-italic-latin": ("serif-italic", LATIN),
    "sans-latin": ("sans", LATIN),
    "sans-cyrillic": ("sans", CYRILLIC),
    "sans-bold-latin": ("sans-bold", LATIN),
    "sans-bold-cyrillic": ("sans-bold", CYRILLIC),
    "thai": ("thai", ()),
    "thai-bold": ("thai-bold", ()),
    "lao": ("lao", ()),
    "khmer": ("khmer", ()),
    "myanmar": ("myanmar", ()),
}


@functools.cache
def compressed(path: Path, ranges: tuple[tuple[int, int], ...]) -> bytes:
    """The TrueType file with the code points of ``ranges`` (all of them if empty), gzip."""
    data = path.read_bytes()
    if ranges:
        chosen = uharfbuzz.SubsetInput()
        chosen.unicode_set.update({code for first, last in ranges for code in range(first, last + 1)})
        data = bytes(uharfbuzz.subset(uharfbuzz.Face(uharfbuzz.Blob(data)), chosen).blob.data)
    return gzip.compress(data, 9, mtime=0)

"""The agreement's typefaces for its pages: the files of the PDF's fonts, cut down to what a page's language needs.

Browsers fetch them from us (never from anybody else), compressed, once. Han comes in pieces of its own (han.py).
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import uharfbuzz

from signing_service.errors import NotFoundError
from signing_service.web import han

if TYPE_CHECKING:
    from signing_service.pdf.faces import Face

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
    "lao-bold": ("lao-bold", ()),
    "khmer": ("khmer", ()),
    "khmer-bold": ("khmer-bold", ()),
    "myanmar": ("myanmar", ()),
    "myanmar-bold": ("myanmar-bold", ()),
}


def piece(name: str, faces: Mapping[str, Face]) -> bytes:
    """A TrueType file of the style sheets, gzip; raises NotFoundError."""
    if name in FACES:
        face, ranges = FACES[name]
        return compressed(faces[face].path, ranges)
    for face in han.FACES:
        if name in (pieces := _han_pieces(face, faces[face])):
            return compressed(faces[face].path, pieces[name])
    raise NotFoundError("there is no such font")


@functools.cache
def _han_pieces(name: str, face: Face) -> dict[str, tuple[tuple[int, int], ...]]:
    return han.pieces(name, face)


def han_style_sheet(faces: Mapping[str, Face]) -> bytes:
    """The rules for Han, gzip."""
    return _han_style_sheet(*(faces[name] for name in han.FACES))


@functools.cache
def _han_style_sheet(*faces: Face) -> bytes:
    rules = han.style_sheet(dict(zip(han.FACES, faces, strict=True)))
    return gzip.compress(rules.encode(), 9, mtime=0)


@functools.cache
def compressed(path: Path, ranges: tuple[tuple[int, int], ...]) -> bytes:
    """The TrueType file with the code points of ``ranges`` (all of them if empty), gzip; kept once it was made."""
    return gzip.compress(subset(path, ranges), 9, mtime=0)


def subset(path: Path, ranges: tuple[tuple[int, int], ...]) -> bytes:
    """The same as it is."""
    data = path.read_bytes()
    if ranges:
        chosen = uharfbuzz.SubsetInput()
        chosen.unicode_set.update({code for first, last in ranges for code in range(first, last + 1)})
        data = bytes(uharfbuzz.subset(uharfbuzz.Face(uharfbuzz.Blob(data)), chosen).blob.data)
    return data

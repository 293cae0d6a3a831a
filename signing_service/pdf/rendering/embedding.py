"""Embedding faces as subset composite fonts (ISO 32000-1 9.7): exact glyphs, exact widths, text that copies right."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Stream, String

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    import pikepdf

    from signing_service.pdf.faces import Face

SYMBOLIC = 4  # font descriptor flag, ISO 32000-1 table 123
ITALIC = 64
SERIF = 2
MAX_BLOCK = 100  # entries of a CMap block
SUPPLEMENTARY = 0x10000  # characters from here on take two UTF-16 units
STEM, STEM_BOLD = 80, 120  # 1/1000 em; only used where a viewer must replace the font


@dataclass(frozen=True, slots=True)
class Program:
    """A face cut down to some glyphs, in the file once, however many fonts are made of it."""

    face: Face
    name: Name
    descriptor: pikepdf.Object
    renumbered: Mapping[int, int]
    """From the face's glyph numbers to the program's."""

    @classmethod
    def embed(cls, pdf: pikepdf.Pdf, face: Face, glyphs: Set[int]) -> Program:
        """Put the subset with these glyphs into the file."""
        program, renumbered = face.subset(glyphs)
        name = Name("/" + _subset_tag(program) + "+" + face.postscript_name)
        return cls(face, name, pdf.make_indirect(_descriptor(pdf, face, name, program)), renumbered)


def nominal_glyphs(face: Face, characters: frozenset[str]) -> dict[int, int]:
    """Code point and glyph of each of the characters that the face has."""
    return {ord(one): face.glyph(one) for one in sorted(characters) if face.glyph(one)}


def font_by_character(pdf: pikepdf.Pdf, program: Program, characters: frozenset[str]) -> pikepdf.Object:
    """A font whose character codes are Unicode code points, two bytes each; characters it lacks are left out."""
    glyphs = nominal_glyphs(program.face, characters)
    return _font(pdf, program, glyphs, {code: chr(code) for code in glyphs})


def font_by_glyph(pdf: pikepdf.Pdf, program: Program, codes: Mapping[tuple[int, str], int]) -> pikepdf.Object:
    """A font whose codes were given out for pairs of glyph and text; see rendering.painting.FontBook."""
    glyphs = {code: glyph for (glyph, _), code in codes.items()}
    return _font(pdf, program, glyphs, {code: text for (_, text), code in codes.items() if text})


def _font(pdf: pikepdf.Pdf, program: Program, glyphs: Mapping[int, int], texts: Mapping[int, str]) -> pikepdf.Object:
    table = bytearray(2 * (max(glyphs) + 1))
    for code, glyph in glyphs.items():
        struct.pack_into(">H", table, 2 * code, program.renumbered[glyph])
    widths = {code: program.face.advance(glyph) for code, glyph in glyphs.items()}
    usual = max(sorted(set(widths.values())), key=list(widths.values()).count)
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=program.name,
        CIDSystemInfo=Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0),
        FontDescriptor=program.descriptor,
        DW=usual,
        W=_width_array({code: width for code, width in widths.items() if width != usual}),
        CIDToGIDMap=pdf.make_stream(bytes(table)),
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=program.name,
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(descendant)]),
            ToUnicode=pdf.make_stream(_to_unicode(texts)),
        )
    )


def _descriptor(pdf: pikepdf.Pdf, face: Face, name: Name, program: bytes) -> Dictionary:
    metrics = face.metrics()
    file = Stream(pdf, program)
    file.Length1 = len(program)
    return Dictionary(
        Type=Name.FontDescriptor,
        FontName=name,
        Flags=SYMBOLIC | (ITALIC if metrics.italic_angle else 0) | (SERIF if face.serif else 0),
        FontBBox=Array(list(metrics.box)),
        ItalicAngle=metrics.italic_angle,
        Ascent=metrics.ascent,
        Descent=metrics.descent,
        CapHeight=metrics.cap_height,
        StemV=STEM_BOLD if face.name.endswith("bold") else STEM,
        FontFile2=file,
    )


def _subset_tag(program: bytes) -> str:
    """Six capital letters that differ for different subsets (ISO 32000-1 9.6.4)."""
    digest = int.from_bytes(hashlib.sha256(program).digest()[:8], "big")
    return "".join(chr(65 + digest // 26**place % 26) for place in range(6))


def _width_array(widths: Mapping[int, int]) -> Array:
    """``/W``: runs of consecutive codes (ISO 32000-1 9.7.4.3)."""
    parts: list[object] = []
    run: list[int] = []
    expected = -1
    for code in sorted(widths):
        if code != expected:
            run = []
            parts += [code, run]
        run.append(widths[code])
        expected = code + 1
    return Array([Array(part) if isinstance(part, list) else part for part in parts])


def _to_unicode(texts: Mapping[int, str]) -> bytes:
    """A ToUnicode CMap (ISO 32000-1 9.10.3)."""
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <0000> <FFFF> endcodespacerange",
    ]
    ranges = _ranges(texts)
    single = [f"<{first:04x}><{_utf16(text)}>" for first, last, text in ranges if first == last]
    longer = [f"<{first:04x}><{last:04x}><{_utf16(text)}>" for first, last, text in ranges if first < last]
    for kind, entries in (("bfchar", single), ("bfrange", longer)):
        for start in range(0, len(entries), MAX_BLOCK):
            block = entries[start : start + MAX_BLOCK]
            lines += [f"{len(block)} begin{kind}", *block, f"end{kind}"]
    lines.append("endcmap CMapName currentdict /CMap defineresource pop end end\n")
    return "\n".join(lines).encode("ascii")


def _utf16(text: str) -> str:
    return text.encode("utf-16-be").hex()


def _ranges(texts: Mapping[int, str]) -> list[tuple[int, int, str]]:
    """First and last code and first text of runs in which both count up by one; a run keeps its code's high byte."""
    ranges: list[tuple[int, int, str]] = []
    for code, text in sorted(texts.items()):
        if ranges and len(text) == 1 and code & 0xFF:
            first, last, begin = ranges[-1]
            run = code == last + 1 and len(begin) == 1 and ord(text) == ord(begin) + code - first
            if run and ord(text) & 0xFF and ord(text) < SUPPLEMENTARY:
                ranges[-1] = (first, code, begin)
                continue
        ranges.append((code, code, text))
    return ranges

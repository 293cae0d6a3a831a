"""Embedding faces as subset composite fonts (ISO 32000-1 9.7): exact glyphs, exact widths, text that copies right."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Stream, String

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pikepdf

    from signing_service.pdf.faces import Face

SYMBOLIC = 4  # font descriptor flag, ISO 32000-1 table 123
ITALIC = 64
SERIF = 2
STEM, STEM_BOLD = 80, 120  # 1/1000 em; only used where a viewer must replace the font


def embed_by_character(pdf: pikepdf.Pdf, face: Face, characters: frozenset[str]) -> pikepdf.Object:
    """Embed a font whose character codes are Unicode code points, two bytes each; characters it lacks are left out."""
    glyphs = {ord(one): face.glyph(one) for one in sorted(characters) if face.glyph(one)}
    program, renumbered = face.subset(set(glyphs.values()))
    table = bytearray(2 * (max(glyphs) + 1))
    for code, glyph in glyphs.items():
        struct.pack_into(">H", table, 2 * code, renumbered[glyph])
    widths = {code: face.advance(glyph) for code, glyph in glyphs.items()}
    texts = {code: chr(code) for code in glyphs}
    return _embed(pdf, face, program, widths, texts, pdf.make_stream(bytes(table)))


def embed_by_glyph(pdf: pikepdf.Pdf, face: Face, codes: Mapping[tuple[int, str], int]) -> pikepdf.Object:
    """Embed a font whose codes were given out for pairs of glyph and text; see rendering.painting.FontBook."""
    program, renumbered = face.subset({glyph for glyph, _ in codes})
    table = bytearray(2 * (len(codes) + 1))
    for (glyph, _), code in codes.items():
        struct.pack_into(">H", table, 2 * code, renumbered[glyph])
    widths = {code: face.advance(glyph) for (glyph, _), code in codes.items()}
    texts = {code: text for (_, text), code in codes.items() if text}
    return _embed(pdf, face, program, widths, texts, pdf.make_stream(bytes(table)))


def _embed(
    pdf: pikepdf.Pdf,
    face: Face,
    program: bytes,
    widths: Mapping[int, int],
    texts: Mapping[int, str],
    to_glyphs: pikepdf.Object,
) -> pikepdf.Object:
    name = Name("/" + _subset_tag(program) + "+" + face.postscript_name)
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=name,
        CIDSystemInfo=Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0),
        FontDescriptor=pdf.make_indirect(_descriptor(pdf, face, name, program)),
        DW=1000,
        W=_width_array(widths),
        CIDToGIDMap=to_glyphs,
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=name,
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
    """A ToUnicode CMap (ISO 32000-1 9.10.3), at most 100 characters a block."""
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <0000> <FFFF> endcodespacerange",
    ]
    pairs = sorted(texts.items())
    for start in range(0, len(pairs), 100):
        block = pairs[start : start + 100]
        lines.append(f"{len(block)} beginbfchar")
        lines += [f"<{code:04x}> <{text.encode('utf-16-be').hex()}>" for code, text in block]
        lines.append("endbfchar")
    lines.append("endcmap CMapName currentdict /CMap defineresource pop end end\n")
    return "\n".join(lines).encode("ascii")

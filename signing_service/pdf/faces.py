"""A face: one font file, read, measured, shaped and cut down by HarfBuzz. All lengths in 1/1000 em."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import uharfbuzz

from signing_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from pathlib import Path

MAX_SHAPED = 20_000  # words remembered by a face; a document has a few thousand

_COMPOSED = frozenset({"thai", "khmer", "lao", "myanmar"})
_DROPPED_TABLES = (
    "GSUB", "GPOS", "GDEF", "BASE", "STAT", "DSIG", "kern", "vhea", "vmtx", "gasp", "name", "OS/2", "post",
    "cmap", "meta", "HVAR", "MVAR", "avar", "fvar", "gvar",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph in a shaped run; lengths in 1/1000 em."""

    number: int
    advance: int
    x_offset: int
    y_offset: int
    text: str
    """The characters that it stands for; empty for the further glyphs of a cluster."""

    def narrower(self, amount: int) -> Glyph:
        """The same glyph with a smaller advance."""
        return replace(self, advance=self.advance - amount)


@dataclass(frozen=True, slots=True)
class FontMetrics:
    """Of a face, in 1/1000 em, for a PDF font descriptor (ISO 32000-1 table 122)."""

    ascent: int
    descent: int
    cap_height: int
    box: tuple[int, int, int, int]
    italic_angle: int


@dataclass(eq=False)
class Face:
    """One font file. Holds HarfBuzz objects, so it is shared within a process and never pickled."""

    name: str
    """The key in the registry, as ``serif-bold``."""
    path: Path
    scale: float = 1.0
    """The size at which it looks as large as the Latin face, of the nominal size."""
    _font: uharfbuzz.Font = field(init=False)
    _advances: dict[int, int] = field(init=False, default_factory=dict)
    _shaped: dict[tuple[str, tuple[str, ...]], tuple[Glyph, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        try:
            blob = uharfbuzz.Blob.from_file_path(str(self.path))
        except Exception as error:
            raise ConfigurationError(f"the font {self.path.name} is missing", hint="run: make fonts") from error
        self._font = uharfbuzz.Font(uharfbuzz.Face(blob))
        self._font.scale = (1000, 1000)
        self.characters = frozenset(self._font.face.unicodes)

    def glyph(self, character: str) -> int:
        """The glyph that stands for a character by itself; 0 if there is none."""
        return int(self._font.get_nominal_glyph(ord(character)) or 0)

    def advance(self, glyph: int) -> int:
        """The advance width of a glyph, 1/1000 em."""
        found = self._advances.get(glyph)
        if found is None:
            found = self._advances[glyph] = int(self._font.get_glyph_h_advance(glyph))
        return found

    def shape(self, text: str, features: tuple[str, ...] = ()) -> tuple[Glyph, ...]:
        """Shape a run of one script in logical order; features as in CSS, for example ``smcp`` or ``-liga``."""
        key = (text, features)
        if key not in self._shaped:
            buffer = uharfbuzz.Buffer()
            buffer.add_str(text)
            buffer.guess_segment_properties()
            buffer.cluster_level = uharfbuzz.BufferClusterLevel.MONOTONE_GRAPHEMES
            switches = {feature.lstrip("-"): not feature.startswith("-") for feature in features}
            uharfbuzz.shape(self._font, buffer, switches)
            if len(self._shaped) > MAX_SHAPED:
                self._shaped.clear()
            self._shaped[key] = _glyphs(text, buffer)
        return self._shaped[key]

    def outline(self, glyph: int, pen: object) -> None:
        """Draw a glyph's outline with a fontTools-style pen, in 1/1000 em."""
        self._font.draw_glyph_with_pen(glyph, pen)

    def metrics(self) -> FontMetrics:
        """What a font descriptor says about the face."""
        scale = 1000 / self._font.face.upem
        head = bytes(self._font.face.reference_table("head").data)
        box = tuple(round(int.from_bytes(head[at : at + 2], "big", signed=True) * scale) for at in (36, 38, 40, 42))
        extents = self._font.get_font_extents("ltr")
        cap = self._font.get_glyph_extents(self.glyph("H")) if self.glyph("H") else None
        return FontMetrics(
            ascent=int(extents.ascender),
            descent=int(extents.descender),
            cap_height=int(cap.height + cap.y_bearing + -cap.height) if cap else int(extents.ascender),
            box=(box[0], box[1], box[2], box[3]),
            italic_angle=-12 if self.name.endswith("italic") else 0,
        )

    def subset(self, glyphs: Set[int]) -> tuple[bytes, Mapping[int, int]]:
        """A TrueType file with only these glyphs and what they are made of, and the map from old to new numbers."""
        chosen = uharfbuzz.SubsetInput()
        chosen.glyph_set.update(glyphs | {0})
        chosen.flags = uharfbuzz.SubsetFlags.NO_HINTING | uharfbuzz.SubsetFlags.NOTDEF_OUTLINE
        chosen.drop_table_tag_set.update(int.from_bytes(tag.ljust(4).encode(), "big") for tag in _DROPPED_TABLES)
        plan = uharfbuzz.SubsetPlan(self._font.face, chosen)
        return bytes(plan.execute().blob.data), dict(plan.old_to_new_glyph_mapping.items())

    @property
    def postscript_name(self) -> str:
        """The font's name in a PDF, without spaces."""
        return self.path.stem.replace("_", "-")

    @property
    def composed(self) -> bool:
        """Whether its script reorders, stacks or joins letters, so that glyphs and characters do not match."""
        return self.name.removesuffix("-bold") in _COMPOSED

    @property
    def serif(self) -> bool:
        """Whether it has serifs."""
        return self.name.startswith(("serif", "han", "khmer"))

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, hexadecimal."""
        return _file_sha256(self.path)


def _glyphs(text: str, buffer: uharfbuzz.Buffer) -> tuple[Glyph, ...]:
    """The shaped glyphs; the first of each cluster stands for all of the cluster's characters."""
    starts = [*sorted({info.cluster for info in buffer.glyph_infos}), len(text)]
    clusters = {start: text[start:end] for start, end in pairwise(starts)}
    return tuple(
        Glyph(info.codepoint, at.x_advance, at.x_offset, at.y_offset, clusters.pop(info.cluster, ""))
        for info, at in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
    )


@lru_cache(maxsize=64)
def _file_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""The document's fonts: which face prints which character.

Example::

    fonts = open_fonts(find_fonts(os.environ))
    for face, text in fonts.split("Specimen ตัวอย่าง", "serif", "en"):
        line = face.shape(text)             # glyphs with advances in 1/1000 em
    fonts.faces["serif"].subset({36, 37})   # a TrueType file with these glyphs only

The faces come from the npm packages that ``package.json`` pins (SIL Open Font License 1.1, TrueType outlines).
HarfBuzz reads, shapes and subsets them. A character that no face has is an error that names it, never a box.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from signing_service.errors import ConfigurationError, FormatError
from signing_service.pdf.faces import Face
from signing_service.resources import npm_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NOT_PRINTED = frozenset("\u200b\u00ad\u2060")  # they allow or forbid a break and have no glyph

_SCOPE = "@expo-google-fonts"
_FILES = {
    "serif": "eb-garamond/400Regular/EBGaramond_400Regular.ttf",
    "serif-italic": "eb-garamond/400Regular_Italic/EBGaramond_400Regular_Italic.ttf",
    "serif-bold": "eb-garamond/600SemiBold/EBGaramond_600SemiBold.ttf",
    "sans": "source-sans-3/400Regular/SourceSans3_400Regular.ttf",
    "sans-bold": "source-sans-3/600SemiBold/SourceSans3_600SemiBold.ttf",
    "han": "noto-serif-sc/400Regular/NotoSerifSC_400Regular.ttf",
    "han-bold": "noto-serif-sc/600SemiBold/NotoSerifSC_600SemiBold.ttf",
    "thai": "noto-sans-thai-looped/400Regular/NotoSansThaiLooped_400Regular.ttf",
    "thai-bold": "noto-sans-thai-looped/600SemiBold/NotoSansThaiLooped_600SemiBold.ttf",
    "khmer": "noto-serif-khmer/NotoSerifKhmer_400Regular.ttf",
    "khmer-bold": "noto-serif-khmer/NotoSerifKhmer_600SemiBold.ttf",
    "lao": "noto-sans-lao/400Regular/NotoSansLao_400Regular.ttf",
    "lao-bold": "noto-sans-lao/600SemiBold/NotoSansLao_600SemiBold.ttf",
    "myanmar": "noto-sans-myanmar/400Regular/NotoSansMyanmar_400Regular.ttf",
    "myanmar-bold": "noto-sans-myanmar/600SemiBold/NotoSansMyanmar_600SemiBold.ttf",
    "wide": "noto-sans/400Regular/NotoSans_400Regular.ttf",
}
_SCALES = {"sans": 0.9, "han": 0.94, "thai": 0.84, "khmer": 0.84, "lao": 0.84, "myanmar": 0.8, "wide": 0.86}
_OTHERS = ("han", "thai", "khmer", "lao", "myanmar")
STYLES: Mapping[str, tuple[str, ...]] = {
    "serif": ("serif", *_OTHERS, "wide"),
    "serif-italic": ("serif-italic", "han-bold", *_OTHERS[1:], "wide"),  # Han type has no italics
    "serif-bold": ("serif-bold", *(f"{name}-bold" for name in _OTHERS), "wide"),
    "mark": ("serif-italic", *_OTHERS, "wide"),  # a typed signature: the faces of the name beside it
    "sans": ("sans", *_OTHERS, "wide"),
    "sans-bold": ("sans-bold", *(f"{name}-bold" for name in _OTHERS), "wide"),
}
_HAN_LANGUAGES = ("zh", "ja")
_HAN_PUNCTUATION = frozenset("“”‘’—…·")  # full width in Chinese, narrow elsewhere


class UncoveredCharacterError(FormatError):
    """A character that no font of the document has; ``place`` says where it stands, as ``en.md:12``."""

    def __init__(self, character: str, place: str = "") -> None:
        name = f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
        message = "no font has the character %(character)s %(name)s"
        if place:
            message = "%(place)s: no font has the character %(character)s %(name)s"
        super().__init__(
            message,
            hint="spell the text with other characters; emoji and rare scripts cannot be printed",
            place=place,
            character=character,
            name=name,
        )
        self.character = character


@dataclass(frozen=True, eq=False)
class Fonts:
    """All faces, opened."""

    faces: Mapping[str, Face]
    versions: Mapping[str, str]
    """Version of each npm package, for the record in the document."""

    def split(self, text: str, style: str, language: str) -> list[tuple[Face, str]]:
        """Split ``text`` (NFC) into runs of one face each, in logical order.

        Combining marks stay with their letter. Raises UncoveredCharacterError, which names the character.
        """
        runs: list[tuple[Face, str]] = []
        for cluster in _clusters(text):
            face = self._face_for(cluster, style, language, runs[-1][0] if runs else None)
            if runs and runs[-1][0] is face:
                runs[-1] = (face, runs[-1][1] + cluster)
            else:
                runs.append((face, cluster))
        return runs

    def _face_for(self, cluster: str, style: str, language: str, current: Face | None) -> Face:
        names = STYLES[style]
        if cluster in _HAN_PUNCTUATION and language.partition("-")[0] in _HAN_LANGUAGES:
            names = (names[1], *names)
        codes = {ord(character) for character in cluster}
        candidates: list[Face] = [self.faces[name] for name in names]
        if current is not None and _is_mark_or_joiner(cluster[0]):
            candidates.insert(0, current)
        for face in candidates:
            if codes <= face.characters:
                return face
        missing = next((c for c in cluster if not any(ord(c) in face.characters for face in candidates)), cluster[0])
        raise UncoveredCharacterError(missing)

    def check(self, text: str) -> None:
        """Raise UncoveredCharacterError if a character of ``text`` cannot be printed."""
        self.split(text, "serif", "en")

    def fingerprints(self) -> dict[str, str]:
        """SHA-256 of each font file by the face's name; what ``reproduce`` compares."""
        return {name: face.sha256 for name, face in sorted(self.faces.items())}


def _is_mark_or_joiner(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"


def _clusters(text: str) -> Iterable[str]:
    """Letters with the marks that follow them; characters that are not printed are left out."""
    cluster = ""
    for character in text:
        if character in NOT_PRINTED:
            continue
        if cluster and _is_mark_or_joiner(character):
            cluster += character
            continue
        if cluster:
            yield cluster
        cluster = character
    if cluster:
        yield cluster


def find_fonts(environ: Mapping[str, str]) -> Path:
    """The folder with the npm packages: ``SIGNING_SERVICE_FONTS``, else ``node_modules`` of the checkout."""
    named = environ.get("SIGNING_SERVICE_FONTS")
    folder = Path(named) if named else npm_folder() / "node_modules"
    if not (folder / _SCOPE).is_dir():
        raise ConfigurationError(
            f"there are no fonts in {folder}",
            hint="run: make fonts, or set SIGNING_SERVICE_FONTS to a node_modules folder",
        )
    return folder


@lru_cache(maxsize=4)
def open_fonts(folder: Path) -> Fonts:
    """Open the faces under a ``node_modules`` folder; raises ConfigurationError if one is missing."""
    scope = folder / _SCOPE
    packages = sorted({file.partition("/")[0] for file in _FILES.values()})
    try:
        versions = {name: json.loads((scope / name / "package.json").read_bytes())["version"] for name in packages}
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there are no fonts in {folder}: {error.filename} is missing",
            hint="run: make fonts, or set SIGNING_SERVICE_FONTS to a node_modules folder",
        ) from error
    return Fonts({name: Face(name, scope / file, _scale(name)) for name, file in _FILES.items()}, versions)


def _scale(name: str) -> float:
    return _SCALES.get(name.removesuffix("-bold"), 1.0)

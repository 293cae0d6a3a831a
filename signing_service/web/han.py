"""Han characters for devices that have none: the printed agreement's face in pieces, each fetched only when needed.

The face has some 30,000 characters. What the interface in Chinese and the built-in agreement say is one piece; all
others are pieces of ``BLOCK`` code points. A device's own fonts are a family of their own, which the style sheets name
before the pieces, so that most devices fetch none: with these names in the rule of each piece Chromium on Linux took
0.3 to 0.7 s longer for each page, since it looks for every one of them each time.
Of two rules that name a character the later one counts (CSS Fonts 4, section 5.2), so the common piece stands last.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from babel.messages.mofile import read_mo

from signing_service import resources

if TYPE_CHECKING:
    from signing_service.pdf.faces import Face

BLOCK = 256  # code points of a piece
SCRIPT = (  # Unicode blocks: CJK symbols, extension A, unified ideographs, compatibility, full width, extension B
    (0x3000, 0x303F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x2A6DF),
)  # fmt: skip
FACES = {  # face in the registry of fonts: weight, full or PostScript names under which devices know theirs
    "han": (400, (
        "PingFangSC-Regular", "Microsoft YaHei", "Noto Sans CJK SC", "NotoSansCJKsc-Regular", "Noto Sans SC",
        "Source Han Sans SC", "Noto Serif CJK SC", "STSongti-SC-Regular", "SimSun",
    )),
    "han-bold": (600, (
        "PingFangSC-Semibold", "Microsoft YaHei Bold", "Noto Sans CJK SC Bold", "NotoSansCJKsc-Bold",
        "Noto Sans SC Bold", "Source Han Sans SC Bold", "Noto Serif CJK SC Bold", "STSongti-SC-Bold",
    )),
}  # fmt: skip


@functools.cache
def common() -> frozenset[int]:
    """Code points of the interface in Chinese and of the built-in agreement."""
    with (resources.translations() / "zh" / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        texts = [str(message.string) for message in read_mo(file)]
    texts += [path.read_text(encoding="utf-8") for path in sorted((resources.templates() / "agreement").glob("*.*"))]
    return frozenset(code for code in map(ord, "".join(["中文", *texts])) if is_han(code))


def is_han(code: int) -> bool:
    """Whether a code point is of the script or its punctuation."""
    return any(first <= code <= last for first, last in SCRIPT)


def pieces(name: str, face: Face) -> dict[str, tuple[tuple[int, int], ...]]:
    """The pieces of the face ``name`` and their ranges of code points, in the style sheet's order."""
    held = sorted(filter(is_han, face.characters))
    blocks = {f"{name}-{start:x}": ((start, start + BLOCK - 1),) for start in _starts(held)}
    return blocks | {f"{name}-common": ranges(common().intersection(held))}


def _starts(codes: Iterable[int]) -> list[int]:
    return sorted({code // BLOCK * BLOCK for code in codes})


def ranges(codes: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The code points as ranges, first and last included, in order."""
    numbered = enumerate(sorted(codes))
    runs = [[code for _, code in run] for _, run in groupby(numbered, lambda pair: pair[1] - pair[0])]
    return tuple((run[0], run[-1]) for run in runs)


def style_sheet(faces: Mapping[str, Face]) -> str:
    """The ``@font-face`` rules: a device's own faces as "Own Han", the pieces in the family of the other scripts."""
    own = (
        _rule("Own Han", weight, ", ".join(f'local("{each}")' for each in names), SCRIPT)
        for weight, names in FACES.values()
    )
    return "\n".join((*own, *(rule for name in FACES for rule in _pieces(name, faces[name]))))


def _pieces(name: str, face: Face) -> Iterator[str]:
    for piece, covered in pieces(name, face).items():
        yield _rule("Scripts", FACES[name][0], f'url("/fonts/{piece}.ttf")', covered)


def _rule(family: str, weight: int, source: str, covered: Iterable[tuple[int, int]]) -> str:
    return (
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-display: swap; '
        f"src: {source}; unicode-range: {', '.join(map(_spelled, covered))}; }}"
    )


def _spelled(covered: tuple[int, int]) -> str:
    first, last = covered
    return f"U+{first:X}" if first == last else f"U+{first:X}-{last:X}"

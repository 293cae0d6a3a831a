"""RFC 6962 section 2.1 spelled out slowly, as its definitions stand: the judge of the fast tree.

It shares no code with the project; a tree is a list of leaf data.
"""

from __future__ import annotations

import base64
import hashlib


def split(size: int) -> int:
    """The largest power of two smaller than ``size``."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH(D[n])."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    middle = split(len(leaves))
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:middle]) + tree_hash(leaves[middle:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if index < middle:
        return [*path(index, leaves[:middle]), tree_hash(leaves[middle:])]
    return [*path(index - middle, leaves[middle:]), tree_hash(leaves[:middle])]


def subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b); PROOF(m, D[n]) is SUBPROOF(m, D[n], true)."""
    if old == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    middle = split(len(leaves))
    if old <= middle:
        return [*subproof(old, leaves[:middle], whole), tree_hash(leaves[middle:])]
    return [*subproof(old - middle, leaves[middle:], False), tree_hash(leaves[:middle])]


def checkpoint_text(origin: str, leaves: list[bytes]) -> str:
    """A checkpoint's note text."""
    return f"{origin}\n{len(leaves)}\n{base64.b64encode(tree_hash(leaves)).decode()}\n"


def write_tiles(leaves: list[bytes]) -> dict[str, bytes]:
    """Every tile and entry bundle of a tlog-tiles log by path, from the specification's formula."""
    files = {}
    for start in range(0, len(leaves), 256):
        entries = leaves[start : start + 256]
        name = tile_name("entries", start // 256, len(entries))
        files[name] = b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
    level = 0
    while len(leaves) >= 256**level:
        span = 256**level
        hashes = [tree_hash(leaves[i * span : (i + 1) * span]) for i in range(len(leaves) // span)]
        for start in range(0, len(hashes), 256):
            tile = hashes[start : start + 256]
            files[tile_name(str(level), start // 256, len(tile))] = b"".join(tile)
        level += 1
    return files


def tile_name(kind: str, index: int, width: int) -> str:
    """The path of a tile, by string surgery instead of arithmetic."""
    digits = str(index)
    digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
    return f"tile/{kind}/{name}" + ("" if width == 256 else f".p/{width}")

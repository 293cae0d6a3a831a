"""The demo alliance as tests use it: the very files under templates/agreement, and small changes to them."""

from __future__ import annotations

from functools import cache

from signing_service.agreement.source import Source, parse_source
from signing_service.agreement.terms import Terms
from signing_service.resources import templates

AGREEMENT = "aebagbafaydqqcikbmga2dqpca"
NAMES = ("agreement.toml", "en.md", "zh.md")


@cache
def _files() -> dict[str, bytes]:
    return {name: (templates() / "agreement" / name).read_bytes() for name in NAMES}


def files(**changes: tuple[str, str]) -> dict[str, bytes]:
    """The alliance's files; ``en=("old", "new")`` replaces a text, once, in ``en.md`` (``toml``: agreement.toml)."""
    changed = dict(_files())
    for short, (old, new) in changes.items():
        name = "agreement.toml" if short == "toml" else f"{short}.md"
        assert old.encode() in changed[name], f"{old!r} is not in {name}"
        changed[name] = changed[name].replace(old.encode(), new.encode(), 1)
    return changed


@cache
def source() -> Source:
    return parse_source(files())


@cache
def terms() -> Terms:
    return source().terms(AGREEMENT)

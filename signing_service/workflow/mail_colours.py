"""The colours of mails: those of the pages, out of the same style sheet, in light and dark.

Programs for mail know no custom properties of CSS, so the values themselves go into each mail.
"""

from __future__ import annotations

import functools
import re

from signing_service import resources

_ROOT = re.compile(r":root\s*\{(.*?)\}", re.DOTALL)
_COLOUR = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{6});")


@functools.cache
def colours() -> dict[str, dict[str, str]]:
    """``light`` and ``dark``: each a table from a name of tokens.css, hyphens as underscores, to ``#rrggbb``."""
    sheet = (resources.static() / "style" / "tokens.css").read_text(encoding="utf-8")
    light, dark = (_named(block) for block in _ROOT.findall(sheet))
    return {"light": light, "dark": light | dark}


def _named(block: str) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in _COLOUR.findall(block)}

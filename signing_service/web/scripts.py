"""The modules that a script of ours imports, so that a page can ask for all of them at once instead of one by one.

    imported("page/signing.js")  # ("passkeys/webauthn.js", "signing/attributes.js", …), sorted, without itself
"""

from __future__ import annotations

import functools
import posixpath
import re
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r"^(?:import|export)\b[^;\"]*\"(\.{1,2}/[^\"]+)\"", re.MULTILINE)


@functools.cache
def imported(*scripts: str) -> tuple[str, ...]:
    """Everything that the scripts, paths below ``static``, need: their imports and theirs in turn."""
    found: set[str] = set()
    waiting = list(scripts)
    while waiting:
        name = waiting.pop()
        below = [posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) for path in _imports(name)]
        waiting += [path for path in below if path not in found]
        found.update(below)
    return tuple(sorted(found - set(scripts)))


def _imports(name: str) -> list[str]:
    return _IMPORT.findall((STATIC / name).read_text(encoding="utf-8"))

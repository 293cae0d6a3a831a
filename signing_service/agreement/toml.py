"""TOML of people, read with one kind of error.

Not in ``encoding``: the verifier reads no TOML and should not wait for the parser's import.
"""

from __future__ import annotations

import tomllib
from typing import Any


def parse_toml(text: str) -> dict[str, Any]:
    """What a TOML file says; raises ValueError, as tomllib does, also where tables or lists are nested too deeply."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None

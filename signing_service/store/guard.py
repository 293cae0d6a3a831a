"""The guard: the last checkpoint, kept in a file outside the database (DESIGN 5)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Guard:
    """The guard's file; on several machines it lies on a store that they share."""

    path: Path

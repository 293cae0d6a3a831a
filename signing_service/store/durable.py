"""Files that are still there after a power cut: what neither the guard nor a delivered mail may do without.

::

    replace_durably(folder / "checkpoint", note)  # the old file or the new one, whenever the power fails
"""

from __future__ import annotations

import os
from pathlib import Path


def replace_durably(path: Path, data: bytes) -> None:
    """Write beside, fsync, rename, fsync the folder; mode 0600. One writer a path at a time. Raises OSError."""
    beside = path.with_name(path.name + ".new")  # one name: what a killed writer left is overwritten
    try:
        handle = os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Keep the names in a folder; raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""A witness's key file: one line in the spelling of Go's note package, readable by its owner alone. ::

make_key_file(Path("witness.key"), "witness.njupt.example")
cosigner = read_key_file(Path("witness.key"))
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.errors import KeyStoreError
from signing_service.record.cosignature import Cosigner
from signing_service.record.note import COSIGNATURE, format_secret_key, parse_secret_key, require_key_name

_MAX_KEY_FILE = 4096  # bytes


def make_key_file(path: Path, name: str) -> Cosigner:
    """Make a new key in a new file of mode 0600; raises KeyStoreError if the file is there already."""
    require_key_name(name)
    cosigner = Cosigner(name, Ed25519PrivateKey.generate())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyStoreError(
            f"{path} is there already", hint="a witness keeps its key; a new one is a new witness"
        ) from error
    except OSError as error:
        raise KeyStoreError(f"{path} cannot be made: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(format_secret_key(name, COSIGNATURE, cosigner.private_key) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return cosigner


def read_key_file(path: Path) -> Cosigner:
    """Read the key; raises KeyStoreError if it is missing or readable by others, FormatError if it is no witness's."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(_MAX_KEY_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise KeyStoreError(
            f"key file {path} cannot be read: {error}", hint="make one with: signing-service record witness init"
        ) from error
    if mode & 0o077:
        raise KeyStoreError(f"key file {path} is readable by others (mode {mode:04o})", hint=f"chmod 600 {path}")
    name, key_type, private_key = parse_secret_key(text.strip())
    if key_type != COSIGNATURE:
        raise KeyStoreError(f"key file {path} holds a log's key, not a witness's")
    return Cosigner(name, private_key)

"""Reading and writing single key files: permissions, encryption, and a remedy for whatever is wrong."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from signing_service.errors import KeyStoreError

OTHERS = stat.S_IRWXG | stat.S_IRWXO  # no right at all for group and others
MIN_PASSPHRASE_BYTES = 16  # init writes 32 random bytes in base64; this only stops accidents

_RESTORE = "restore it from your backup; keys are never made again while there is history"


def check_passphrase(passphrase: bytes) -> None:
    """Raise KeyStoreError if ``passphrase`` is too short to protect anything."""
    if len(passphrase) < MIN_PASSPHRASE_BYTES:
        raise KeyStoreError(
            f"passphrase of the keys has {len(passphrase)} bytes, fewer than {MIN_PASSPHRASE_BYTES}",
            hint="openssl rand -base64 32 makes a good one",
        )


def prepare_directory(directory: Path) -> None:
    """Make ``directory`` with mode 0700, or narrow the one that is there to that."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
    except OSError as error:
        raise KeyStoreError(f"keys directory {directory} cannot be made: {error.strerror}") from error


def check_directory(directory: Path) -> None:
    """Raise KeyStoreError unless ``directory`` is there and its owner's alone."""
    if not directory.is_dir():
        raise KeyStoreError(
            f"keys directory {directory} is missing",
            hint="on a new installation run signing-service init; otherwise restore it from your backup",
        )
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & OTHERS:
        raise KeyStoreError(
            f"keys directory {directory} is open to others (mode {mode:04o})", hint=f"chmod 700 {directory}"
        )


def check_private_file(path: Path) -> None:
    """Raise KeyStoreError unless ``path`` is a file that only its owner may read."""
    if not path.is_file():
        raise KeyStoreError(f"{path} is missing", hint=_RESTORE)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & OTHERS:
        raise KeyStoreError(
            f"{path} is readable by others (mode {mode:04o})",
            hint=f"chmod 600 {path}, and think about who may have copied it",
        )


def write_new_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` with mode 0600 and sync it; never over a file that is there, and never half."""
    with _naming(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise


def sync_directory(directory: Path) -> None:
    """Make the directory's entries durable."""
    with _naming(directory):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say of which file it is that the disk refuses: what fails after the opening does not tell."""
    try:
        yield
    except OSError as error:
        hint = "look at its disk, its rights and what is there"
        raise KeyStoreError(f"{path} cannot be written: {error.strerror}", hint=hint) from error


def write_private_key(
    path: Path, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, passphrase: bytes
) -> None:
    """Write ``key`` as encrypted PKCS#8 in PEM (RFC 5958, PBES2)."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    write_new_file(path, pem)


def write_public_key(path: Path, key: ed25519.Ed25519PublicKey) -> None:
    """Write ``key`` as SubjectPublicKeyInfo in PEM."""
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    write_new_file(path, pem)


def read_file(path: Path) -> bytes:
    """Read a file that is not secret but must be there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise KeyStoreError(f"{path} is missing", hint=_RESTORE) from None
    except OSError as error:
        raise KeyStoreError(f"{path} cannot be read: {error.strerror}") from error


def read_certificate(path: Path) -> x509.Certificate:
    """Read one PEM certificate."""
    try:
        return x509.load_pem_x509_certificate(read_file(path))
    except ValueError as error:
        raise KeyStoreError(f"{path} is corrupt: it holds no certificate", hint=_RESTORE) from error


def read_signing_key(path: Path, passphrase: bytes) -> ec.EllipticCurvePrivateKey:
    """Read an encrypted elliptic-curve key."""
    key = _read_private_key(path, passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyStoreError(f"{path} is mismatched: it holds another kind of key", hint=_RESTORE)
    return key


def read_record_key(path: Path, public_path: Path, passphrase: bytes) -> ed25519.Ed25519PrivateKey:
    """Read the record's key and check it against the public key beside it."""
    key = _read_private_key(path, passphrase)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise KeyStoreError(f"{path} is mismatched: it holds another kind of key", hint=_RESTORE)
    check_record_key(path, key, public_path)
    return key


def check_record_key(path: Path, key: ed25519.Ed25519PrivateKey, public_path: Path) -> None:
    """Raise KeyStoreError unless ``key``, which came from ``path``, belongs to the public key in ``public_path``."""
    try:
        public = serialization.load_pem_public_key(read_file(public_path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyStoreError(f"{public_path} is corrupt: it holds no public key", hint=_RESTORE) from error
    if public != key.public_key():
        raise KeyStoreError(f"{path} is mismatched: it does not belong to {public_path.name}", hint=_RESTORE)


def read_token_label(path: Path) -> str | None:
    """The label of a key in a token, from its ``.token`` file; None where there is no such file."""
    if not path.exists():
        return None
    check_private_file(path)
    label = path.read_text(encoding="utf-8", errors="replace").strip()
    if not label or not label.isprintable():
        raise KeyStoreError(f"{path} is corrupt: it holds no label of a key", hint=_RESTORE)
    return label


def _read_private_key(path: Path, passphrase: bytes) -> Any:
    check_private_file(path)
    pem = path.read_bytes()
    if b"-----BEGIN PRIVATE KEY-----" in pem or b"-----BEGIN EC PRIVATE KEY-----" in pem:
        raise KeyStoreError(
            f"{path} is not encrypted",
            hint=f"openssl pkcs8 -topk8 -v2 aes-256-cbc -in {path} encrypts it under the passphrase of the others",
        )
    try:
        return serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyStoreError(
            f"{path} cannot be decrypted: it is corrupt or the passphrase is wrong",
            hint="check the passphrase file first; if it is right, restore the key from your backup",
        ) from error

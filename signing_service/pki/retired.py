"""What was in use before a rotation: certificates that old documents carry, and the last word on each.

``keys/retired/`` holds, for every certificate that was replaced, ``<role>-<digest>.pem`` and, where its issuer cannot
answer for it any more, ``<role>-<digest>.ocsp``: what that issuer said last, good until the certificate's end. The
private keys are gone: nothing can be signed with a retired certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.pki import keyfiles

FOLDER = "retired"
DIGEST_LETTERS = 16  # of the certificate's SHA-256, in its file's name


@dataclass(frozen=True, slots=True)
class Retired:
    """A certificate that served once."""

    role: str
    certificate: x509.Certificate
    last_word: bytes | None
    """DER OCSPResponse; None while the issuer that is in use answers for it."""


def file_stem(role: str, certificate: x509.Certificate) -> str:
    """The name of a retired certificate's files, without suffix."""
    return f"{role}-{certificate.fingerprint(hashes.SHA256()).hex()[:DIGEST_LETTERS]}"


def write_retired(folder: Path, one: Retired) -> None:
    """Write a retired certificate's files; those that are there already stay."""
    stem = file_stem(one.role, one.certificate)
    files = {".pem": one.certificate.public_bytes(Encoding.PEM), ".ocsp": one.last_word}
    for suffix, data in files.items():
        path = folder / f"{stem}{suffix}"
        if data is not None and not path.exists():
            keyfiles.write_new_file(path, data)


def read_retired(directory: Path) -> tuple[Retired, ...]:
    """Everything in ``directory/retired``, in order of names; raises KeyStoreError on what cannot be read."""
    found = []
    for path in sorted((directory / FOLDER).glob("*.pem")):
        answer = path.with_suffix(".ocsp")
        last_word = keyfiles.read_file(answer) if answer.exists() else None
        found.append(Retired(path.stem.rpartition("-")[0], keyfiles.read_certificate(path), last_word))
    return tuple(found)

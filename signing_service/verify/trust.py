"""What the auditor trusts: a trust file, or PEM anchors, or nothing. Never taken from the file that is checked.

trust = read_trust([Path("trust.json").read_bytes(), Path("root.pem").read_bytes()], ["trust.json", "root.pem"])
trust.timestamp_anchors, trust.file.record_key
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Self

from signing_service.approval import RelyingParty
from signing_service.errors import FormatError, UsageError
from signing_service.evidence.trust import TrustFile, fingerprint, fingerprint_text, parse_trust_file
from signing_service.verify.certificate import Certificate, unique

_PEM = b"-----BEGIN CERTIFICATE-----"  # RFC 7468 section 5.1
_OTHERS = {
    b"PK\x03\x04": "an evidence bundle or another ZIP",
    b"%PDF": "a PDF",
    b"\x30\x82": "a certificate in DER (make PEM of it: openssl x509 -inform DER -in FILE)",
}
_WANTED = "give the alliance's trust file (trust.json) or its root certificate (PEM), as its members publish them"


@dataclass(frozen=True, slots=True)
class Trust:
    """Anchors, and the trust file if there is one."""

    anchors: tuple[Certificate, ...] = ()
    """For signatures and, as "time not independent" in profile agreement, for timestamps."""
    timestamp_anchors: tuple[Certificate, ...] = ()
    """Of authorities that do not belong to the service."""
    given: tuple[Certificate, ...] = ()
    """Those of ``anchors`` that came as PEM and not in the trust file."""
    file: TrustFile | None = None
    fingerprint: str = ""
    """Of the trust file, as it is printed on paper."""
    sha256: str = ""

    @classmethod
    def of_file(cls, file: TrustFile) -> Self:
        """Trust exactly what a trust file says."""
        anchors = tuple(Certificate.of(item) for item in file.timestamp_anchors)
        return cls((Certificate.of(file.root),), anchors, file=file)

    @property
    def relying_party(self) -> RelyingParty | None:
        """To whom passkeys speak; None without a trust file."""
        return RelyingParty(self.file.web_origin, self.file.relying_party_id) if self.file else None

    @property
    def all_anchors(self) -> tuple[Certificate, ...]:
        """Everything that is trusted for timestamps."""
        return unique((*self.anchors, *self.timestamp_anchors))

    def anchors_of(self, party: str) -> tuple[Certificate, ...]:
        """Anchors for certificates that a party's representatives bring themselves."""
        return tuple(Certificate.of(item) for item in self.file.anchors_of(party)) if self.file else ()


def read_trust(files: Iterable[bytes], names: Sequence[str] = ()) -> Trust:
    """Read any number of PEM files and at most one trust file.

    ``names``: what the files are called in errors. Raises UsageError on a second trust file, FormatError on anything
    that is neither; certificates that a bundle or a signed PDF holds are never taken for anchors.
    """
    given: list[Certificate] = []
    timestamp_anchors: list[Certificate] = []
    file, digest = None, b""
    for data, name in zip(files, chain(names, repeat("the trust file")), strict=False):
        if data.lstrip()[:1] != b"{":
            given += _read_pem(data, name)
            continue
        if file is not None:
            raise UsageError("two trust files are given", hint="give the newest one; its predecessors are named in it")
        file, digest = _read_file(data, name), fingerprint(data)
        timestamp_anchors += [Certificate.of(item) for item in file.timestamp_anchors]
    return Trust(
        unique((*((Certificate.of(file.root),) if file else ()), *given)),
        unique(timestamp_anchors),
        unique(given),
        file,
        fingerprint_text(digest) if file else "",
        digest.hex(),
    )


def _read_file(data: bytes, name: str) -> TrustFile:
    try:
        return parse_trust_file(data)
    except FormatError as error:
        problem = error.message.replace("trust file", "it", 1)
        raise FormatError(f"{name} is no trust file: {problem}", hint=_WANTED) from error


def _read_pem(data: bytes, name: str) -> list[Certificate]:
    """Anchors of a text file; raises FormatError, which says what the file is instead."""
    begins = next((kind for magic, kind in _OTHERS.items() if data.startswith(magic)), "")
    if begins or b"\0" in data:
        raise FormatError(f"{name} is {begins or 'no text'}, not what trust comes from", hint=_WANTED)
    if _PEM not in data:
        what = "is empty" if not data.strip() else "holds neither a trust file nor a PEM certificate"
        raise FormatError(f"{name} {what}", hint=_WANTED)
    try:
        return Certificate.load_pem(data)
    except FormatError as error:
        raise FormatError(f"{name}: {error.message}", hint=_WANTED) from error

"""What the auditor trusts: a trust file, or PEM anchors, or nothing. Never taken from the file that is checked.

trust = read_trust([Path("trust.json").read_bytes(), Path("root.pem").read_bytes()])
trust.timestamp_anchors, trust.file.record_key
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from signing_service.approval import RelyingParty
from signing_service.errors import UsageError
from signing_service.evidence.trust import TrustFile, fingerprint, fingerprint_text, parse_trust_file
from signing_service.verify.certificate import Certificate, unique


@dataclass(frozen=True, slots=True)
class Trust:
    """Anchors, and the trust file if there is one."""

    anchors: tuple[Certificate, ...] = ()
    """For signatures and, as "time not independent" in profile agreement, for timestamps."""
    timestamp_anchors: tuple[Certificate, ...] = ()
    """Of authorities that do not belong to the service."""
    file: TrustFile | None = None
    fingerprint: str = ""
    """Of the trust file, as it is printed on paper."""
    sha256: str = ""

    @classmethod
    def of_file(cls, file: TrustFile) -> Self:
        """Trust exactly what a trust file says."""
        anchors = tuple(Certificate.of(item) for item in file.timestamp_anchors)
        return cls((Certificate.of(file.root),), anchors, file)

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


def read_trust(files: Iterable[bytes]) -> Trust:
    """Read any number of PEM files and at most one trust file; raises UsageError on a second one, FormatError."""
    anchors: list[Certificate] = []
    timestamp_anchors: list[Certificate] = []
    file, digest = None, b""
    for data in files:
        if data.lstrip()[:1] != b"{":
            anchors += Certificate.load_pem(data)
            continue
        if file is not None:
            raise UsageError("two trust files are given", hint="give the newest one; its predecessors are named in it")
        file, digest = parse_trust_file(data), fingerprint(data)
        anchors.append(Certificate.of(file.root))
        timestamp_anchors += [Certificate.of(item) for item in file.timestamp_anchors]
    return Trust(
        unique(anchors),
        unique(timestamp_anchors),
        file,
        fingerprint_text(digest) if file else "",
        digest.hex(),
    )

"""A signature on paper, attested by an officer (docs/formats.md 3, "Paper").

The officer holds the signed page, or knows who sent its scan, and says with a passkey of the trust file whose it
is. It is never a digital signature; the sealed rules say whether it counts::

    statement = PaperStatement(agreement=…, signer="njupt:president", document=sha256_hex(scan), …)
    stated = verify_paper(attestation, relying_party, officer_keys)

Pure functions over bytes and values, shared by the service and the verifier.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from signing_service.approval.check import RelyingParty, verify_assertion
from signing_service.approval.confirmation import MAX_STATEMENT_BYTES, Confirmation
from signing_service.encoding import canonical_json, format_time, parse_canonical_json, parse_time, tagged_sha256
from signing_service.errors import ApprovalError, FormatError, LimitError

PAPER_TAG = "signing-service/paper/v1"
MEDIA_TYPES = ("application/pdf", "image/png", "image/jpeg")
VERSION = 1

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[a-z0-9-]{1,64}")
_PATTERNS = {
    "agreement": re.compile(r"[a-z2-7]{26}"),
    "revision0": _SHA256,
    "signer": re.compile(r"[a-z][a-z0-9-]{0,31}:[a-z][a-z0-9-]{0,31}"),
    "mandate": _SHA256,
    "document": _SHA256,
    "signed_on": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "officer": _ID,
}

@dataclass(frozen=True, slots=True)
class PaperStatement:
    """What an officer attests: this page was signed by hand by this representative."""

    agreement: str
    revision0: str
    """SHA-256 of revision 0, whose print was signed."""
    signer: str
    person: str
    name: str
    mandate: str
    """The mandate's digest."""
    document: str
    """SHA-256 of the scan."""
    media_type: str
    """One of MEDIA_TYPES."""
    signed_on: date
    """The day that stands on the page."""
    officer: str
    time: datetime
    """Aware, to the second."""

    def to_json(self) -> bytes:
        """Encode as canonical JSON: the bytes that the challenge covers."""
        return canonical_json(
            {
                "v": VERSION,
                "agreement": self.agreement,
                "revision0": self.revision0,
                "signer": self.signer,
                "representative": {"id": self.person, "name": self.name},
                "mandate": self.mandate,
                "document": self.document,
                "media_type": self.media_type,
                "signed_on": self.signed_on.isoformat(),
                "officer": self.officer,
                "time": format_time(self.time),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Decode canonical JSON with exactly the members of docs/formats.md 3; raises FormatError."""
        if len(data) > MAX_STATEMENT_BYTES:
            raise LimitError(f"paper's statement is larger than {MAX_STATEMENT_BYTES} bytes")
        value = parse_canonical_json(data)
        if not isinstance(value, dict) or set(value) != {"v", "representative", *_PATTERNS, "media_type", "time"}:
            raise FormatError("paper's statement has not exactly the members that it must have")
        person = value["representative"]
        if not isinstance(person, dict) or set(person) != {"id", "name"} or not _is(person["id"], _ID):
            raise FormatError("paper's statement names no representative")
        if type(value["v"]) is not int or value["v"] != VERSION or value["media_type"] not in MEDIA_TYPES:
            raise FormatError("paper's statement has an unknown version or media type")
        for name, pattern in _PATTERNS.items():
            if not _is(value[name], pattern):
                raise FormatError(f"paper's statement: {name} is malformed")
        if not isinstance(person["name"], str) or not person["name"].strip():
            raise FormatError("paper's statement names nobody")
        texts = {name: value[name] for name in _PATTERNS if name != "signed_on"}
        return cls(
            person=person["id"],
            name=person["name"],
            media_type=value["media_type"],
            signed_on=_day(value["signed_on"]),
            time=parse_time(value["time"]),
            **texts,
        )

    def challenge(self) -> bytes:
        """Give the 32 bytes that the officer's authenticator signs."""
        return tagged_sha256(PAPER_TAG, self.to_json())


def verify_paper(
    attestation: Confirmation, relying_party: RelyingParty, officer_keys: Collection[bytes]
) -> PaperStatement:
    """Check an officer's attestation and give its statement; raises ApprovalError or FormatError.

    ``attestation`` is encoded as a confirmation is; ``officer_keys`` are COSE keys of the officer whom the statement
    names, from the trust file.
    """
    statement = PaperStatement.from_json(attestation.statement)
    if attestation.assertion.public_key not in officer_keys:
        raise ApprovalError(
            f"the signature on paper was attested with a passkey that is not one of officer {statement.officer}"
        )
    verify_assertion(attestation.assertion, statement.challenge(), relying_party)
    return statement


def _is(value: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FormatError(f"paper's statement: the day {text} does not exist") from None

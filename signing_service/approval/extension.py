"""A later end of signing, where the sealed rules let officers extend it (docs/formats.md 3, "Extension").

The event that moves the end decides whether later signatures count. So an officer signs it with a passkey of the trust
file, as a confirmation is: the service alone cannot keep an agreement open::

    statement = ExtensionStatement(agreement=…, closes=old_end, until=new_end, reason="…", officer=…, time=now)
    stated = verify_extension(attestation, relying_party, officer_keys)

Pure functions over bytes and values, shared by the service and the verifier.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from signing_service.approval.check import RelyingParty, verify_assertion
from signing_service.approval.confirmation import MAX_STATEMENT_BYTES, Confirmation
from signing_service.encoding import canonical_json, format_time, parse_canonical_json, parse_time, tagged_sha256
from signing_service.errors import ApprovalError, FormatError, LimitError

EXTENSION_TAG = "signing-service/extension/v1"
MAX_REASON = 500  # characters
VERSION = 1

_PATTERNS = {
    "agreement": re.compile(r"[a-z2-7]{26}"),
    "revision0": re.compile(r"[0-9a-f]{64}"),
    "officer": re.compile(r"[a-z0-9-]{1,64}"),
}
_TIMES = ("closes", "until", "time")


@dataclass(frozen=True, slots=True)
class ExtensionStatement:
    """What an officer says: signing, which would close then, closes later, for this reason."""

    agreement: str
    revision0: str
    """SHA-256 of revision 0, whose sealed rules allow it."""
    closes: datetime
    """The end as it stood: sealed, or extended before."""
    until: datetime
    """The new end."""
    reason: str
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
                "closes": format_time(self.closes),
                "until": format_time(self.until),
                "reason": self.reason,
                "officer": self.officer,
                "time": format_time(self.time),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Decode canonical JSON with exactly the members of docs/formats.md 3; raises FormatError."""
        if len(data) > MAX_STATEMENT_BYTES:
            raise LimitError(f"extension's statement is larger than {MAX_STATEMENT_BYTES} bytes")
        value = parse_canonical_json(data)
        if not isinstance(value, dict) or set(value) != {"v", "reason", *_PATTERNS, *_TIMES}:
            raise FormatError("extension's statement has not exactly the members that it must have")
        if type(value["v"]) is not int or value["v"] != VERSION:
            raise FormatError("extension's statement has an unknown version")
        for name, pattern in _PATTERNS.items():
            if not isinstance(value[name], str) or pattern.fullmatch(value[name]) is None:
                raise FormatError(f"extension's statement: {name} is malformed")
        reason: Any = value["reason"]
        if not isinstance(reason, str) or not reason.strip() or len(reason) > MAX_REASON:
            raise FormatError("extension's statement gives no reason")
        return cls(
            agreement=value["agreement"],
            revision0=value["revision0"],
            closes=parse_time(value["closes"]),
            until=parse_time(value["until"]),
            reason=reason,
            officer=value["officer"],
            time=parse_time(value["time"]),
        )

    def challenge(self) -> bytes:
        """Give the 32 bytes that the officer's authenticator signs."""
        return tagged_sha256(EXTENSION_TAG, self.to_json())


def verify_extension(
    attestation: Confirmation, relying_party: RelyingParty, officer_keys: Collection[bytes]
) -> ExtensionStatement:
    """Check an officer's attestation and give its statement; raises ApprovalError or FormatError.

    ``attestation`` is encoded as a confirmation is; ``officer_keys`` are COSE keys of the officer whom the statement
    names, from the trust file.
    """
    statement = ExtensionStatement.from_json(attestation.statement)
    if attestation.assertion.public_key not in officer_keys:
        raise ApprovalError(f"the extension was signed with a passkey that is not one of officer {statement.officer}")
    verify_assertion(attestation.assertion, statement.challenge(), relying_party)
    return statement

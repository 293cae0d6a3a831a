"""Enrolment's code and the officer's confirmation (docs/formats.md 3).

Both screens show the code; the officer compares and then confirms with a passkey of their own::

    enrolment_code(key, "https://sign.example.org")                     # "MFRG GZDF MZTW Q2LK"
    statement = ConfirmationStatement(agreement=…, credential=sha256_hex(key), method="video", …)
    confirmed = verify_confirmation(confirmation, wanted, relying_party, officer_keys)

Pure functions over bytes and values, shared by the service and the verifier.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self, get_args

from cryptography.hazmat import asn1

from signing_service.approval.check import RelyingParty, verify_assertion
from signing_service.approval.evidence import (
    MAX_APPROVAL_BYTES,
    PasskeyAssertion,
    PasskeySequence,
    assertion_from_asn1,
    assertion_to_asn1,
)
from signing_service.encoding import (
    canonical_json,
    format_time,
    from_hex,
    parse_canonical_json,
    parse_time,
    tagged_sha256,
)
from signing_service.errors import ApprovalError, FormatError, LimitError

Method = Literal["in-person", "video", "phone"]

CODE_TAG = "signing-service/enrolment-code/v2"
CODE_BITS = 80  # 16 characters of base32
CODE_ITERATIONS = 1 << 18  # of PBKDF2-HMAC-SHA-512; OWASP asks 210,000 of it for passwords (docs/adr/0009)
CONFIRMATION_TAG = "signing-service/confirmation/v1"
MAX_STATEMENT_BYTES = 4096
VERSION = 1

_STATEMENT = {
    "v", "agreement", "signer", "representative", "credential", "mandate", "method", "officer", "time",
}  # fmt: skip
_ID = re.compile(r"[a-z0-9-]{1,64}")
_AGREEMENT = re.compile(r"[a-z2-7]{26}")
_SIGNER = re.compile(r"[a-z][a-z0-9-]{0,31}:[a-z][a-z0-9-]{0,31}")


def enrolment_code(key: bytes, origin: str) -> str:
    """Give the code that enrolling person and officer compare: four groups of four base32 letters.

    ``key`` is the whole COSE_Key, ``origin`` the trust file's web origin, as the browser itself knows it. Nothing that
    the service could choose goes in, and each try costs it a tenth of a second (docs/adr/0009).
    """
    salt = CODE_TAG.encode() + b"\0" + origin.encode()
    stretched = hashlib.pbkdf2_hmac("sha512", key, salt, CODE_ITERATIONS, CODE_BITS // 8)
    letters = base64.b32encode(stretched).decode("ascii")
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


@dataclass(frozen=True, slots=True)
class ConfirmationStatement:
    """What an officer confirms: this credential is in the hands of this representative."""

    agreement: str
    signer: str
    """``<party>:<role>``."""
    person: str
    """The representative's id, as the mandate names it."""
    name: str
    """The representative's name, as the officer saw it."""
    credential: str
    """SHA-256 of the credential's COSE_Key, lower-case hexadecimal."""
    mandate: str
    """The mandate's digest."""
    method: Method
    """How the officer compared the code."""
    officer: str
    """The officer's id, as in the trust file."""
    time: datetime
    """Aware, to the second."""

    def to_json(self) -> bytes:
        """Encode as canonical JSON: the bytes that the challenge covers."""
        return canonical_json(
            {
                "v": VERSION,
                "agreement": self.agreement,
                "signer": self.signer,
                "representative": {"id": self.person, "name": self.name},
                "credential": self.credential,
                "mandate": self.mandate,
                "method": self.method,
                "officer": self.officer,
                "time": format_time(self.time),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Decode canonical JSON with exactly the members of docs/formats.md 3; raises FormatError."""
        if len(data) > MAX_STATEMENT_BYTES:
            raise LimitError(f"confirmation's statement is larger than {MAX_STATEMENT_BYTES} bytes")
        value = parse_canonical_json(data)
        _members(value, _STATEMENT)
        person = _members(value["representative"], {"id", "name"})
        if value["v"] != VERSION:
            raise FormatError("confirmation's statement has an unknown version")
        texts = [value[name] for name in ("agreement", "signer", "credential", "mandate", "method", "officer")]
        if not all(isinstance(text, str) for text in (*texts, person["id"], person["name"])):
            raise FormatError("confirmation's statement holds something that is not a string")
        agreement, signer, credential, mandate, method, officer = texts
        statement = cls(
            agreement, signer, person["id"], person["name"], credential, mandate, method, officer,
            parse_time(value["time"]),
        )  # fmt: skip
        _check(statement)
        return statement

    def challenge(self) -> bytes:
        """Give the 32 bytes that the officer's authenticator signs."""
        return tagged_sha256(CONFIRMATION_TAG, self.to_json())


@asn1.sequence
class _Confirmation:
    version: int
    statement: bytes
    assertion: PasskeySequence


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A confirmation's statement with the officer's assertion; carried by the ``confirmation`` event."""

    statement: bytes
    """The statement's canonical JSON."""
    assertion: PasskeyAssertion

    def to_der(self) -> bytes:
        """Encode as DER."""
        inner = assertion_to_asn1(self.assertion)
        return asn1.encode_der(_Confirmation(version=VERSION, statement=self.statement, assertion=inner))

    @classmethod
    def from_der(cls, der: bytes) -> Self:
        """Decode DER; raises FormatError unless it is exactly one Confirmation of this version."""
        if len(der) > MAX_APPROVAL_BYTES:
            raise LimitError(f"confirmation is larger than {MAX_APPROVAL_BYTES} bytes")
        try:
            value = asn1.decode_der(_Confirmation, der)
        except (ValueError, OverflowError) as error:
            raise FormatError(f"confirmation is not DER as it must be: {error}") from error
        if value.version != VERSION:
            raise FormatError("confirmation has an unknown version")
        return cls(value.statement, assertion_from_asn1(value.assertion))


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The credential that a confirmation must be about."""

    agreement: str
    signer: str
    person: str
    credential: str
    mandate: str


def verify_confirmation(
    confirmation: Confirmation, enrolled: Enrolled, relying_party: RelyingParty, officer_keys: Collection[bytes]
) -> ConfirmationStatement:
    """Check that an officer confirmed ``enrolled`` and give the statement; raises ApprovalError or FormatError.

    ``officer_keys`` are the COSE keys of the officer whom the statement names, from the trust file.
    """
    statement = ConfirmationStatement.from_json(confirmation.statement)
    for name, words in _DIFFERENCES.items():
        if getattr(statement, name) != getattr(enrolled, name):
            raise ApprovalError(f"confirmation is for {words}")
    if confirmation.assertion.public_key not in officer_keys:
        raise ApprovalError(
            f"confirmation was made with a passkey that is not one of officer {statement.officer} in the trust file"
        )
    verify_assertion(confirmation.assertion, statement.challenge(), relying_party)
    return statement


_DIFFERENCES = {
    "agreement": "another agreement",
    "signer": "another signer",
    "person": "another person",
    "credential": "another credential",
    "mandate": "another mandate",
}


def _members(value: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        raise FormatError("confirmation's statement has not exactly the members that it must have")
    return value


def _check(statement: ConfirmationStatement) -> None:
    if statement.method not in get_args(Method):
        raise FormatError(f"confirmation's method {statement.method[:40]!r} is unknown")
    patterns = (("agreement", _AGREEMENT), ("signer", _SIGNER), ("person", _ID), ("officer", _ID))
    for name, pattern in patterns:
        if pattern.fullmatch(getattr(statement, name)) is None:
            raise FormatError(f"confirmation's {name} is malformed")
    if not statement.name.strip():
        raise FormatError("confirmation names nobody")
    for name in ("credential", "mandate"):
        try:
            from_hex(getattr(statement, name), 32)
        except FormatError as error:
            raise FormatError(f"confirmation's {name} is not a SHA-256") from error

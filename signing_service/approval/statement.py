"""The statement that a person approves, and the challenge that stands for it (docs/formats.md 3).

statement = Statement(act="signature", agreement=…, …)
challenge = statement.challenge()
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, Self, get_args

from signing_service.encoding import (
    canonical_json,
    format_time,
    from_base64url,
    from_hex,
    parse_canonical_json,
    parse_time,
    tagged_sha256,
    to_base64url,
)
from signing_service.errors import FormatError, LimitError

Act = Literal["signature", "countersignature", "refusal"]

MAX_STATEMENT_BYTES = 8192  # a consent sentence is the only member of free length
CHALLENGE_TAG = "signing-service/approval/v1"

_AGREEMENT = re.compile(r"[a-z2-7]{26}")
_SIGNER = re.compile(r"[a-z][a-z0-9-]{0,31}:[a-z][a-z0-9-]{0,31}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True)
class Statement:
    """What is approved: one act, on one text, by one signer, with one key, in one appearance, until one moment."""

    act: Act
    agreement: str
    """The agreement's id."""
    revision0: str
    """SHA-256 of revision 0, lower-case hexadecimal."""
    signer: str
    """``<party>:<role>``."""
    mandate: str
    """The mandate's digest, lower-case hexadecimal."""
    consent: str
    """The exact sentence that was shown."""
    consent_language: str
    """Its language, a BCP 47 tag."""
    key: bytes
    """The one-time public key, DER SubjectPublicKeyInfo."""
    appearance: str
    """SHA-256 of the appearance stream's body, lower-case hexadecimal."""
    expires: datetime
    """The approval is void after this moment; aware, to the second."""

    def to_json(self) -> bytes:
        """Encode as canonical JSON: the bytes that the challenge covers."""
        value: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        value |= {"v": 1, "key": to_base64url(self.key), "expires": format_time(self.expires)}
        return canonical_json(value)

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Decode canonical JSON with exactly the members of docs/formats.md 3; raises FormatError."""
        if len(data) > MAX_STATEMENT_BYTES:
            raise LimitError(f"statement is larger than {MAX_STATEMENT_BYTES} bytes")
        value = parse_canonical_json(data)
        names = {field.name for field in fields(cls)}
        if not isinstance(value, dict) or set(value) != names | {"v"}:
            raise FormatError("statement has not exactly the members that it must have")
        if value.pop("v") != 1:
            raise FormatError("statement has an unknown version")
        wrong = [name for name, member in value.items() if not isinstance(member, str)]
        if wrong:
            raise FormatError(f"statement's {wrong[0]} is not a string")
        statement = cls(**value | {"key": from_base64url(value["key"]), "expires": parse_time(value["expires"])})
        _check(statement)
        return statement

    def challenge(self) -> bytes:
        """Give the 32 bytes that an authenticator signs."""
        return challenge_of(self.to_json())


def challenge_of(statement: bytes) -> bytes:
    """Give the challenge of an encoded statement."""
    return tagged_sha256(CHALLENGE_TAG, statement)


def _check(statement: Statement) -> None:
    if statement.act not in get_args(Act):
        raise FormatError(f"statement's act {statement.act[:40]!r} is unknown")
    for name, pattern in (("agreement", _AGREEMENT), ("signer", _SIGNER), ("consent_language", _LANGUAGE)):
        if pattern.fullmatch(getattr(statement, name)) is None:
            raise FormatError(f"statement's {name} is malformed")
    for name in ("revision0", "mandate", "appearance"):
        try:
            from_hex(getattr(statement, name), 32)
        except FormatError as error:
            raise FormatError(f"statement's {name} is not a SHA-256") from error
    if not statement.consent.strip():
        raise FormatError("statement has an empty consent sentence")

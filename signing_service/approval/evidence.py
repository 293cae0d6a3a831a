"""The approval: a statement and the evidence that its signer made it, in DER (docs/formats.md 3).

approval = service_approval(statement.to_json(), "password", time)
der = approval.to_der()                 # one signed attribute of the CMS
approval = Approval.from_der(der)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from cryptography.hazmat import asn1

from signing_service.errors import FormatError, LimitError

Assurance = Literal["service", "passkey"]

SERVICE_METHODS = ("password", "password+totp")
MAX_APPROVAL_BYTES = 16384

VERSION = 1


@asn1.sequence
class _ServiceAssertion:
    method: str
    time: asn1.GeneralizedTime


@asn1.sequence
class PasskeySequence:
    """PasskeyAssertion as DER; other structures of docs/formats.md 3 and 11 hold it too."""

    credential_id: bytes
    public_key: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes


@asn1.sequence
class _Approval:
    version: int
    statement: bytes
    evidence: Annotated[_ServiceAssertion, asn1.Implicit(0)] | Annotated[PasskeySequence, asn1.Implicit(1)]


@dataclass(frozen=True, slots=True)
class ServiceAssertion:
    """The service says that it asked for the person's password: "asserted by the service"."""

    method: str
    time: datetime
    """When it asked; aware, to the second."""


@dataclass(frozen=True, slots=True)
class PasskeyAssertion:
    """An authenticator's signature over the challenge (W3C WebAuthn Level 2, section 6.3.3)."""

    credential_id: bytes
    public_key: bytes
    """COSE_Key; it counts only if an enrolment elsewhere names it."""
    authenticator_data: bytes
    client_data: bytes
    """clientDataJSON, as the browser gave it."""
    signature: bytes


@dataclass(frozen=True, slots=True)
class Approval:
    """A statement with its evidence; that the two fit is for :func:`~signing_service.approval.verify_approval`."""

    statement: bytes
    """The statement's canonical JSON: the very bytes that were approved."""
    evidence: ServiceAssertion | PasskeyAssertion

    @property
    def assurance(self) -> Assurance:
        """What the evidence can prove at best."""
        return "service" if isinstance(self.evidence, ServiceAssertion) else "passkey"

    def to_der(self) -> bytes:
        """Encode as DER."""
        return asn1.encode_der(
            _Approval(version=VERSION, statement=self.statement, evidence=_evidence_to_asn1(self.evidence))
        )

    @classmethod
    def from_der(cls, der: bytes) -> Self:
        """Decode DER; raises FormatError unless it is exactly one Approval of a known version and method."""
        if len(der) > MAX_APPROVAL_BYTES:
            raise LimitError(f"approval is larger than {MAX_APPROVAL_BYTES} bytes")
        try:
            value = asn1.decode_der(_Approval, der)
        except (ValueError, OverflowError) as error:
            raise FormatError(f"approval is not DER as it must be: {error}") from error
        if value.version != VERSION:
            raise FormatError("approval has an unknown version")
        return cls(value.statement, _evidence_from_asn1(value.evidence))


def service_approval(statement: bytes, method: str, time: datetime) -> Approval:
    """Give the service's own approval of ``statement`` (canonical JSON); the method is one of SERVICE_METHODS."""
    if method not in SERVICE_METHODS:
        raise FormatError(f"method of approval {method!r} is unknown")
    return Approval(statement, ServiceAssertion(method, time.astimezone(UTC).replace(microsecond=0)))


def _evidence_to_asn1(evidence: ServiceAssertion | PasskeyAssertion) -> _ServiceAssertion | PasskeySequence:
    if isinstance(evidence, ServiceAssertion):
        return _ServiceAssertion(method=evidence.method, time=asn1.GeneralizedTime(evidence.time))
    return assertion_to_asn1(evidence)


def _evidence_from_asn1(value: _ServiceAssertion | PasskeySequence) -> ServiceAssertion | PasskeyAssertion:
    if isinstance(value, PasskeySequence):
        return assertion_from_asn1(value)
    time = value.time.as_datetime()
    if value.method not in SERVICE_METHODS:
        raise FormatError(f"method of approval {value.method[:40]!r} is unknown")
    if time.microsecond:
        raise FormatError("time of the service's assertion has a fraction of a second")
    return ServiceAssertion(value.method, time)


def assertion_to_asn1(assertion: PasskeyAssertion) -> PasskeySequence:
    """Give the assertion as the value that DER is made of."""
    return PasskeySequence(
        credential_id=assertion.credential_id,
        public_key=assertion.public_key,
        authenticator_data=assertion.authenticator_data,
        client_data=assertion.client_data,
        signature=assertion.signature,
    )


def assertion_from_asn1(value: PasskeySequence) -> PasskeyAssertion:
    """The inverse of assertion_to_asn1."""
    return PasskeyAssertion(
        value.credential_id, value.public_key, value.authenticator_data, value.client_data, value.signature
    )

"""RFC 3161 timestamps: asking, checking an answer to the last field, and the built-in authority.

    request = request_timestamp(digest, nonce)
    token = check_response(response, request, anchors, now)      # TimestampToken(der, time, …)
    response = BuiltInAuthority(keystore).respond(request, now)

Nothing here touches the network; :mod:`signing_service.pki.http_authority` does.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from cryptography import x509
from cryptography.hazmat import asn1

from signing_service.errors import FormatError, TimestampError
from signing_service.pki.authority import Role
from signing_service.pki.cms import ID_SHA256, attribute_set, build_signed_data
from signing_service.pki.der import NULL, decode, encode, raw
from signing_service.pki.structures import (
    Accuracy,
    AlgorithmIdentifier,
    AlgorithmWithNull,
    EncapsulatedContentInfo,
    Grant,
    MessageImprint,
    Refusal,
    StatusInfo,
    TimeStampInfo,
    TimeStampRequest,
)

ID_CT_TST_INFO = x509.ObjectIdentifier("1.2.840.113549.1.9.16.1.4")  # RFC 3161 section 2.4.2
OWN_POLICY = x509.ObjectIdentifier("2.25.64923518646377312659324872280665075308")  # of the built-in authority
MAX_REQUEST_BYTES = 4096
MAX_NONCE_BITS = 256
ACCURACY_SECONDS = 1

GRANTED, REJECTED = 0, 2  # PKIStatus, RFC 3161 section 2.4.2
BAD_ALGORITHM, BAD_DATA_FORMAT, UNACCEPTED_POLICY, UNACCEPTED_EXTENSION = 0, 5, 15, 16  # PKIFailureInfo

_DIGEST_BYTES = {
    ID_SHA256: 32,
    x509.ObjectIdentifier("2.16.840.1.101.3.4.2.2"): 48,  # SHA-384
    x509.ObjectIdentifier("2.16.840.1.101.3.4.2.3"): 64,  # SHA-512
}


@dataclass(frozen=True, slots=True)
class TimestampToken:
    """A checked token."""

    der: bytes
    """The RFC 3161 token: a DER ContentInfo with exactly the certificates of its path below the anchor."""
    time: datetime
    """Its genTime, aware, UTC."""
    authority: str
    """The common name of the authority's certificate."""
    independent: bool
    """False where the service itself is the authority."""


class TimestampAuthority(Protocol):
    """Whoever can say that a digest existed at a time."""

    @property
    def name(self) -> str:
        """What messages call it: a URL, or ``built-in``."""

    def timestamp(self, digest: bytes, now: datetime) -> TimestampToken:
        """Give a checked token over ``digest`` (SHA-256); raises TimestampError."""


class TimestampSigner(Protocol):
    """What the built-in authority needs of a key store."""

    @property
    def timestamp(self) -> x509.Certificate:
        """The authority's certificate."""

    @property
    def services_ca(self) -> x509.Certificate:
        """Its issuer's."""

    def sign(self, role: Role, data: bytes) -> bytes:
        """Sign with the role's key: ECDSA with SHA-256, DER."""


def new_nonce() -> int:
    """Give a fresh 64-bit nonce."""
    return secrets.randbits(64)


def request_timestamp(digest: bytes, nonce: int) -> bytes:
    """Give the DER TimeStampReq for a SHA-256 ``digest``, asking for the certificates."""
    imprint = MessageImprint(hash_algorithm=raw(encode(AlgorithmWithNull(algorithm=ID_SHA256))), hashed_message=digest)
    return encode(
        TimeStampRequest(
            version=1,
            message_imprint=imprint,
            policy=None,
            nonce=nonce,
            certificates_wanted=True,
            extensions=None,
        )
    )


class BuiltInAuthority:
    """The service's own timestamp authority: real RFC 3161, but by the service's clock and key."""

    name = "built-in"

    def __init__(self, keystore: TimestampSigner) -> None:
        """Sign with the ``timestamp`` key of ``keystore``."""
        self._keystore = keystore

    def timestamp(self, digest: bytes, now: datetime) -> TimestampToken:
        """Give a token over ``digest`` (SHA-256, 32 bytes) at ``now``, to the second."""
        imprint = MessageImprint(
            hash_algorithm=raw(encode(AlgorithmIdentifier(algorithm=ID_SHA256))), hashed_message=digest
        )
        time = _whole_second(now)
        der = self._token(imprint, None, time, with_certificates=True)
        return TimestampToken(der, time, common_name(self._keystore.timestamp), independent=False)

    def respond(self, request: bytes, now: datetime) -> bytes:
        """Answer a DER TimeStampReq with a DER TimeStampResp: a token, or a refusal that says why."""
        if len(request) > MAX_REQUEST_BYTES:
            return _refusal(BAD_DATA_FORMAT, f"request is larger than {MAX_REQUEST_BYTES} bytes")
        try:
            asked = decode(TimeStampRequest, request, "timestamp request")
            algorithm = digest_algorithm(asked.message_imprint.hash_algorithm)
        except FormatError as error:
            return _refusal(BAD_DATA_FORMAT, error.message)
        size = _DIGEST_BYTES.get(algorithm)
        if size is None:
            return _refusal(BAD_ALGORITHM, f"digest algorithm {algorithm.dotted_string} is not accepted")
        if asked.version != 1 or len(asked.message_imprint.hashed_message) != size:
            return _refusal(BAD_DATA_FORMAT, "version or digest length is wrong")
        if asked.nonce is not None and not 0 <= asked.nonce < 1 << MAX_NONCE_BITS:
            return _refusal(BAD_DATA_FORMAT, f"nonce is negative or longer than {MAX_NONCE_BITS} bits")
        if asked.policy is not None and asked.policy != OWN_POLICY:
            return _refusal(UNACCEPTED_POLICY, f"policy {asked.policy.dotted_string} is not ours")
        if asked.extensions is not None:
            return _refusal(UNACCEPTED_EXTENSION, "no extension is supported")
        token = self._token(
            asked.message_imprint, asked.nonce, _whole_second(now), with_certificates=asked.certificates_wanted
        )
        return encode(Grant(status=StatusInfo(status=GRANTED, text=None, failure=None), token=raw(token)))

    def _token(self, imprint: MessageImprint, nonce: int | None, time: datetime, *, with_certificates: bool) -> bytes:
        content = encode(
            TimeStampInfo(
                version=1,
                policy=OWN_POLICY,
                message_imprint=imprint,
                serial_number=secrets.randbits(127),
                generated=asn1.GeneralizedTime(time),
                accuracy=Accuracy(seconds=ACCURACY_SECONDS, milliseconds=None, microseconds=None),
                ordering=False,
                nonce=nonce,
                authority=None,
                extensions=None,
            )
        )
        signer = self._keystore.timestamp
        attributes = attribute_set(ID_CT_TST_INFO, hashlib.sha256(content).digest(), signer)
        return build_signed_data(
            EncapsulatedContentInfo(content_type=ID_CT_TST_INFO, content=content),
            attributes,
            self._keystore.sign("timestamp", attributes),
            signer,
            [signer, self._keystore.services_ca] if with_certificates else [],
        )


def common_name(certificate: x509.Certificate) -> str:
    """Give the subject's common name, or its whole name where it has none."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def digest_algorithm(algorithm: asn1.TLV) -> x509.ObjectIdentifier:
    """Read an AlgorithmIdentifier of a digest, whose parameters are absent or NULL (RFC 5754 section 2)."""
    der = encode(algorithm)
    if der.endswith(NULL):
        return decode(AlgorithmWithNull, der, "digest algorithm").algorithm
    return decode(AlgorithmIdentifier, der, "digest algorithm").algorithm


def _whole_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _refusal(failure: int, text: str) -> bytes:
    octet, bit = divmod(failure, 8)
    bits = bytes(octet) + bytes([0x80 >> bit])
    status = StatusInfo(status=REJECTED, text=[text], failure=asn1.BitString(bits, 7 - bit))
    return encode(Refusal(status=status))


def first_token(authorities: Sequence[TimestampAuthority], digest: bytes, now: datetime) -> TimestampToken:
    """Give the first acceptable token, asking ``authorities`` in order; raises TimestampError naming each failure."""
    failures = []
    for authority in authorities:
        try:
            return authority.timestamp(digest, now)
        except TimestampError as error:
            failures.append(f"{authority.name}: {error.message}")
    raise TimestampError(
        "no timestamp authority gave an acceptable token (%(failures)s)",
        hint="nothing was signed; try again in a few minutes",
        failures="; ".join(failures),
    )

"""Step 5: timestamp tokens (RFC 3161, RFC 5816), and the times that they prove.

    token = open_token(container, imprint_of)     # imprint, digest, certificate, signature: nothing about trust yet
    timestamp = token.validate(paths, moment)     # the authority's path, at the moment of validation

A token is checked in this order, numbered as in the code:

1. its content is a TSTInfo of version 1 (RFC 3161 2.4.2);
2. its imprint is the digest of what was stamped, by a hash that may still be relied on;
3. its signer's certificate is named by signing-certificate or -v2, and its signature verifies (RFC 5816 2.2);
4. the certificate is for timestamping alone and leads to an anchor at the moment of validation;
5. its time is not after the moment of validation, and its hash was reliable at that moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat import asn1

from signing_service.encoding import parse_digits
from signing_service.errors import FormatError
from signing_service.evidence.trust import TrustFile
from signing_service.verify.algorithms import Hash, hash_algorithm
from signing_service.verify.certificate import Certificate
from signing_service.verify.container import Container
from signing_service.verify.der import decode, encoded, items, read_algorithm
from signing_service.verify.ess import check_signing_certificate, has_signing_certificate
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.path import Path, PathBuilder, Purpose
from signing_service.verify.speech import marked as _l
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import CheckError, SubIndication, failure, unproven

CLOCK_TOLERANCE = timedelta(minutes=2)  # by which two authorities' clocks may differ
_GEN_TIME = re.compile(rb"(\d{14})(?:\.(\d{1,9}))?Z")
_INTEGER, _OCTETS, _SEQUENCE, _TIME, _OID = b"\x02", b"\x04", b"\x30", b"\x18", b"\x06"


@dataclass(frozen=True, slots=True)
class TimestampInfo:
    """What a TSTInfo says."""

    hash: Hash
    imprint: bytes
    time: datetime
    """genTime, aware."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A validated token."""

    time: datetime
    path: Path

    @property
    def authority(self) -> str:
        """Who says so, for people."""
        return self.path.end.subject_text


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose signature verifies; whether its authority is trusted is for :meth:`validate`."""

    info: TimestampInfo
    certificate: Certificate
    certificates: tuple[Certificate, ...]

    def validate(self, paths: PathBuilder, moment: datetime) -> Timestamp:
        """Give the timestamp as seen at ``moment``; raises CheckError."""
        if self.info.time > moment + CLOCK_TOLERANCE:  # (5)
            raise unproven(
                SubIndication.TIMESTAMP_ORDER_FAILURE,
                _l("the timestamp of %(time)s UTC lies after the time of validation, %(moment)s UTC"),
                time=f"{self.info.time:%Y-%m-%d %H:%M:%S}",
                moment=f"{moment:%Y-%m-%d %H:%M:%S}",
            )
        weak = self.info.hash.weak_at(moment)
        if weak:
            raise unproven(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, f"the timestamp's imprint is weak: {weak}")
        paths.add(self.certificates)
        return Timestamp(self.info.time, paths.validate(self.certificate, Purpose.TIMESTAMPING, moment))  # (4)


def validate_by(token: Token, paths: PathBuilder, moment: datetime, later: LaterTrust | None) -> Timestamp:
    """The token's timestamp; raises CheckError, which asks for a later trust file where that names the authority."""
    try:
        return token.validate(paths, moment)
    except CheckError as error:
        if later is None:
            raise
        raise later.judged(error, lambda known: token.validate(_authorities_of(known), moment)) from error


def _authorities_of(file: TrustFile) -> PathBuilder:
    return PathBuilder(Trust.of_file(file).all_anchors)


def open_token(container: Container, digest_of: Callable[[Hash], bytes], others: tuple[Certificate, ...] = ()) -> Token:
    """Check everything about a token that needs no trust; raises CheckError or FormatError.

    ``digest_of`` gives the digest of what must have been stamped; ``others`` are further places to find the
    authority's certificate.
    """
    info = read_info(container.content or b"")  # (1)
    if info.imprint != digest_of(info.hash):  # (2)
        raise failure(SubIndication.HASH_FAILURE, _l("the timestamp is of other bytes"))
    certificate = container.signer_certificate(others)  # (3)
    if not has_signing_certificate(container):
        raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, "the timestamp does not name its authority's certificate")
    check_signing_certificate(container, certificate)
    content = container.content or b""
    digest = hash_algorithm(container.digest_algorithm).digest(content)
    container.check_content(digest)
    container.check_signature(certificate.public_key, digest, content)
    return Token(info, certificate, container.certificates)


def read_info(content: bytes) -> TimestampInfo:
    """Read a TSTInfo (RFC 3161 2.4.2); raises FormatError."""
    parts = items(content, "TSTInfo")
    if [part.tag_bytes for part in parts[:5]] != [_INTEGER, _OID, _SEQUENCE, _INTEGER, _TIME]:
        raise FormatError("TSTInfo does not have version, policy, imprint, serial number and time")
    imprint = items(encoded(parts[2]), "message imprint")
    if decode(int, encoded(parts[0]), "TSTInfo") != 1 or len(imprint) != 2 or imprint[1].tag_bytes != _OCTETS:
        raise FormatError("TSTInfo is not version 1 with an imprint of algorithm and digest")
    _check_rest(parts[5:])
    time = _gen_time(bytes(parts[4].data))
    return TimestampInfo(hash_algorithm(read_algorithm(encoded(imprint[0]))), bytes(imprint[1].data), time)


def _gen_time(data: bytes) -> datetime:
    """The time in UTC; some authorities end the fraction in zeroes, which RFC 3161 2.4.2 forbids."""
    match = _GEN_TIME.fullmatch(data)
    try:
        whole = parse_digits(match[1] if match else b"")
    except FormatError as error:
        raise FormatError("TSTInfo's time is not a time") from error
    fraction = (match[2] if match else None) or b""
    return whole.replace(microsecond=int(fraction.ljust(6, b"0")[:6]))


def _check_rest(parts: list[asn1.TLV]) -> None:
    """Accuracy, ordering, nonce, tsa, extensions: each at most once and in this order; none is critical to us."""
    order = [b"\x30", b"\x01", b"\x02", b"\xa0", b"\xa1"]
    tags = [part.tag_bytes for part in parts]
    if tags != [tag for tag in order if tag in tags]:
        raise FormatError("TSTInfo has elements that it cannot have")
    for part in parts:
        if part.tag_bytes == b"\xa1" and b"\x01\x01\xff" in bytes(part.data):
            raise FormatError("TSTInfo has a critical extension")

"""Certification paths of other people's certificates: from a certificate to one of the configured anchors.

    path = build_path(certificate, embedded, anchors, at)     # the anchor itself is left out

The rules are those of RFC 5280 section 6 that bear on timestamp authorities and representatives' own certificates:
signatures, names, validity at a time, authorities' basic constraints, path length and key usage, and no critical
extension that is not understood. Nothing is fetched, and revocation is the caller's concern.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtensionOID

from signing_service.encoding import format_time
from signing_service.errors import VerificationError
from signing_service.pki.der import UNREADABLE

MAX_PATH_LENGTH = 6  # certificates; public timestamp authorities have 2 or 3 below their root

_UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,  # any policy will do
}


def build_path(
    leaf: x509.Certificate, pool: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], at: datetime
) -> list[x509.Certificate]:
    """Give the certificates from ``leaf`` up to, but without, an anchor; raises VerificationError if there is no path.

    The anchor's validity is checked too: one that is expired at ``at`` proves nothing.
    """
    path = [leaf]
    _check_one(leaf, at)
    while path[-1] not in anchors:
        if len(path) > MAX_PATH_LENGTH:
            raise VerificationError(f"path is longer than {MAX_PATH_LENGTH} certificates")
        issuer = _find_issuer(path[-1], [*anchors, *pool])
        if issuer is None:
            raise VerificationError(f"issuer {path[-1].issuer.rfc4514_string()!r} leads to none of the anchors")
        _check_one(issuer, at)
        _check_authority(issuer, authorities_below=len(path) - 1)
        if issuer in anchors:
            return path
        path.append(issuer)
    return path


def _find_issuer(certificate: x509.Certificate, candidates: Iterable[x509.Certificate]) -> x509.Certificate | None:
    for candidate in candidates:
        if candidate.subject != certificate.issuer or candidate == certificate:
            continue
        try:
            certificate.verify_directly_issued_by(candidate)
        except (InvalidSignature, *UNREADABLE):
            continue
        return candidate
    return None


def _check_one(certificate: x509.Certificate, at: datetime) -> None:
    subject = certificate.subject.rfc4514_string()
    if at < certificate.not_valid_before_utc:
        raise VerificationError(
            f"certificate {subject!r} is not valid before {format_time(certificate.not_valid_before_utc)}"
        )
    if at > certificate.not_valid_after_utc:
        raise VerificationError(
            f"certificate {subject!r} is expired since {format_time(certificate.not_valid_after_utc)}"
        )
    try:
        extensions = certificate.extensions
    except UNREADABLE as error:
        raise VerificationError(f"certificate {subject!r} has extensions that cannot be read: {error}") from error
    for extension in extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise VerificationError(
                f"certificate {subject!r} has the critical extension {extension.oid.dotted_string}, "
                "which is not understood"
            )


def _check_authority(issuer: x509.Certificate, authorities_below: int) -> None:
    subject = issuer.subject.rfc4514_string()
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise VerificationError(f"certificate {subject!r} may not issue others") from None
    if not constraints.ca:
        raise VerificationError(f"certificate {subject!r} may not issue others")
    if constraints.path_length is not None and authorities_below > constraints.path_length:
        raise VerificationError(f"certificate {subject!r} has more authorities below it than it permits")
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.key_cert_sign:
        raise VerificationError(f"certificate {subject!r} has a key that may not sign certificates")

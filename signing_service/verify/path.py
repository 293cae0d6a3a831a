"""Step 4: a certificate's path to an anchor, as RFC 5280 section 6.1 validates it at a given moment.

    paths = PathBuilder(anchors, candidates)
    path = paths.validate(certificate, Purpose.SIGNING, moment)      # raises CheckError
    path.until                                                       # the first notAfter on it

The procedure for one candidate path, numbered as in the code:

1. each certificate is signed by the next one's key and valid at the moment (6.1.3 a);
2. each issuer is an authority, may sign certificates, and stands no further down than its path length allows
   (6.1.4 k-n);
3. names lie within the name constraints above them (6.1.3 b-c, 6.1.4 g), and where an explicit policy is required
   the certificates share one (6.1.3 d-f, 6.1.4 a-b, h-j);
4. no critical extension is left unprocessed (6.1.4 o, 6.1.5 f);
5. keys and signature algorithms may still be relied on at the moment (ETSI TS 119 312);
6. the end certificate's key may be used for the purpose (RFC 5280 4.2.1.3, 4.2.1.12; RFC 3161 2.3).

An anchor is trusted by its name and key alone (6.1.1 d): its own validity and extensions are not examined, except
that a signer's certificate that is an anchor itself must be valid and strong. Nothing is fetched.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from signing_service.errors import Phrase, SigningServiceError
from signing_service.verify.algorithms import hash_named, weak_key_at
from signing_service.verify.certificate import Certificate, NameKey, unique
from signing_service.verify.limits import MAX_CHAIN_LENGTH, MAX_PATH_STEPS, MAX_PATHS
from signing_service.verify.names import check_name_constraints
from signing_service.verify.policies import check_policies
from signing_service.verify.verdict import GIVE_TRUST_FILE, CheckError, SubIndication, unproven

_TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
_OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
_PROCESSED = {
    "2.5.29.15",  # keyUsage
    "2.5.29.17",  # subjectAltName
    "2.5.29.19",  # basicConstraints
    "2.5.29.30",  # nameConstraints
    "2.5.29.32",  # certificatePolicies: any policy will do
    "2.5.29.33",  # policyMappings
    "2.5.29.36",  # policyConstraints
    "2.5.29.37",  # extKeyUsage
    "2.5.29.54",  # inhibitAnyPolicy
    "2.5.29.31",  # cRLDistributionPoints: nothing is fetched
    "1.3.6.1.5.5.7.1.3",  # qcStatements (RFC 3739): they claim a quality, they restrict nothing
}


class Purpose(enum.Enum):
    """What an end certificate's key was used for."""

    SIGNING = "signing documents"
    TIMESTAMPING = "timestamping"
    OCSP = "answering for revocation"


@dataclass(frozen=True, slots=True)
class Path:
    """A valid path, from the end certificate to the anchor."""

    certificates: tuple[Certificate, ...]

    @property
    def end(self) -> Certificate:
        """The certificate that was asked for."""
        return self.certificates[0]

    @property
    def anchor(self) -> Certificate:
        """The trusted certificate."""
        return self.certificates[-1]

    @property
    def issuer(self) -> Certificate:
        """Who issued the end certificate; the end certificate itself if that is the anchor."""
        return self.certificates[min(1, len(self.certificates) - 1)]

    @property
    def until(self) -> datetime:
        """The last moment at which the path is valid: expiry, or the end of an algorithm's life."""
        checked = self.certificates[: max(1, len(self.certificates) - 1)]
        return min(
            min(certificate.until for certificate in checked),
            min(certificate.key_until for certificate in self.certificates),
        )


class PathBuilder:
    """Finds and validates paths."""

    def __init__(self, anchors: Iterable[Certificate], candidates: Iterable[Certificate] = ()) -> None:
        """``candidates`` may stand between a signer and an anchor; they are not trusted."""
        self._anchors = unique(anchors)
        self._by_subject: dict[NameKey, list[Certificate]] = {}
        self._candidates: set[Certificate] = set()
        self._steps = 0
        self.add(self._anchors)
        self.add(candidates)

    @property
    def has_anchors(self) -> bool:
        """Whether anything at all is trusted."""
        return bool(self._anchors)

    def add(self, candidates: Iterable[Certificate]) -> None:
        """Offer more certificates for paths; unreadable ones are passed over."""
        for certificate in candidates:
            if certificate in self._candidates:
                continue
            self._candidates.add(certificate)
            try:
                self._by_subject.setdefault(certificate.subject_key, []).append(certificate)
            except SigningServiceError:
                continue

    def validate(self, certificate: Certificate, purpose: Purpose, moment: datetime) -> Path:
        """Give a path that is valid at ``moment`` for ``purpose``.

        Raises CheckError: the most telling problem of the paths that there are, NO_CERTIFICATE_CHAIN_FOUND if
        there is none.
        """
        problem: CheckError | None = None
        self._steps = 0
        for count, chain in enumerate(self._paths((certificate,))):
            if count >= MAX_PATHS:
                break
            try:
                check_path(chain, purpose, moment)
                return Path(chain)
            except CheckError as error:
                problem = problem or error
        raise problem or unproven(
            SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
            "the certificate of %(subject)s leads to no trusted certificate",
            subject=repr(certificate.subject_text),
            hint="" if self._anchors else GIVE_TRUST_FILE,
        )

    def _paths(self, chain: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        last = chain[-1]
        if last in self._anchors:
            yield chain
            return
        if len(chain) >= MAX_CHAIN_LENGTH:
            return
        issuers = self._by_subject.get(last.issuer_key, ())
        for issuer in sorted(issuers, key=lambda item: item not in self._anchors):
            self._steps += 1
            if self._steps > MAX_PATH_STEPS:
                return
            if issuer not in chain and _is_signed(last, issuer):  # (1), its first half
                yield from self._paths((*chain, issuer))


def _is_signed(child: Certificate, issuer: Certificate) -> bool:
    try:
        child.check_issued_by(issuer)
    except CheckError:
        return False
    return True


def check_path(chain: tuple[Certificate, ...], purpose: Purpose, moment: datetime) -> None:
    """Raise CheckError unless a chain of properly signed certificates is valid at ``moment`` for ``purpose``."""
    checked = chain[: max(1, len(chain) - 1)]  # all but the anchor
    try:
        for certificate in checked:
            _check_validity(certificate, moment)  # (1)
        for position in range(1, len(checked)):
            _check_authority(chain, position)  # (2)
        check_name_constraints(checked)  # (3)
        check_policies(checked)  # (3)
        for certificate in checked:
            _check_critical(certificate)  # (4)
        _check_strength(chain, moment)  # (5)
        if len(chain) > 1 or purpose is not Purpose.SIGNING:
            check_purpose(chain[0], purpose)  # (6)
    except CheckError:
        raise
    except SigningServiceError as error:
        raise unproven(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, error.message) from error


def _check_validity(certificate: Certificate, moment: datetime) -> None:
    if moment < certificate.since:
        raise unproven(
            SubIndication.NOT_YET_VALID,
            "the certificate of %(subject)s begins only at %(time)s UTC",
            subject=repr(certificate.subject_text),
            time=f"{certificate.since:%Y-%m-%d %H:%M}",
        )
    if moment > certificate.until:
        raise unproven(
            SubIndication.OUT_OF_BOUNDS_NO_POE,
            "the certificate of %(subject)s expired at %(time)s UTC",
            subject=repr(certificate.subject_text),
            time=f"{certificate.until:%Y-%m-%d %H:%M}",
        )


def _check_authority(chain: tuple[Certificate, ...], position: int) -> None:
    certificate = chain[position]
    constraints = certificate.extension(x509.BasicConstraints)
    usage = certificate.extension(x509.KeyUsage)
    if constraints is None or not constraints.ca:
        raise _refused(certificate, "is not an authority's")
    if usage is not None and not usage.key_cert_sign:
        raise _refused(certificate, "may not sign certificates")
    below = sum(not item.is_self_issued for item in chain[1:position])
    if constraints.path_length is not None and below > constraints.path_length:
        raise _refused(certificate, f"allows only {constraints.path_length} authorities below it")


def _check_critical(certificate: Certificate) -> None:
    for extension in certificate.extensions:
        if extension.critical and extension.oid.dotted_string not in _PROCESSED:
            raise _refused(certificate, f"has the unknown critical extension {extension.oid.dotted_string}")


def _check_strength(chain: tuple[Certificate, ...], moment: datetime) -> None:
    for certificate in chain:
        weak = weak_key_at(certificate.public_key, moment) if moment > certificate.key_until else ""
        used = certificate.parsed.signature_hash_algorithm
        if not weak and used is not None and certificate is not chain[-1]:
            weak = hash_named(used.name).weak_at(moment)
        if weak:
            raise unproven(
                SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
                "the certificate of %(subject)s is weak: %(problem)s",
                subject=repr(certificate.subject_text),
                problem=weak,
            )


def check_purpose(certificate: Certificate, purpose: Purpose) -> None:
    """Raise CheckError unless the certificate's key usage and extended key usage allow the purpose."""
    usage, purposes = certificate.extension(x509.KeyUsage), certificate.key_purposes()
    if purpose is Purpose.TIMESTAMPING:
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage) if purposes else None
        if purposes != {_TIME_STAMPING} or extended is None or not extended.critical:
            raise _refused(certificate, "is not for timestamping alone (RFC 3161 2.3)")
    elif purpose is Purpose.OCSP:
        if purposes is not None and _OCSP_SIGNING not in purposes and not certificate.is_authority:
            raise _refused(certificate, "may not sign OCSP responses")
    elif purposes is not None and purposes <= {_TIME_STAMPING, _OCSP_SIGNING}:
        raise _refused(certificate, "is not for signing documents")
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise _refused(certificate, "has a key that is not for signatures")


def is_for_timestamping(certificate: Certificate) -> bool:
    """Whether its extended key usage names timestamping at all, perhaps beside others (RFC 5280 4.2.1.12)."""
    return _TIME_STAMPING in (certificate.key_purposes() or ())


def _refused(certificate: Certificate, problem: str) -> CheckError:
    return unproven(
        SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        "the certificate of %(subject)s %(problem)s",
        subject=repr(certificate.subject_text),
        problem=Phrase(problem),
    )

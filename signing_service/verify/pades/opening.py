"""Step 3, profile ``pades``: a signature's container by its sub-filter, as far as no trust is needed.

    opened = open_signature(document, found, checks)
    opened.container, opened.certificate, opened.tokens

Clauses: ISO 32000-2 12.8.3 (table 260: sub-filters), 12.8.5 (document timestamps); EN 319 142-1 4.2, 5.3, 6.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from signing_service.errors import FormatError
from signing_service.verify.algorithms import Hash, hash_algorithm
from signing_service.verify.certificate import Certificate
from signing_service.verify.container import DATA, TIMESTAMP_TOKEN, TST_INFO, Container, SignerId
from signing_service.verify.der import Algorithm
from signing_service.verify.ess import check_signing_certificate, has_signing_certificate
from signing_service.verify.pades.ber import read_element
from signing_service.verify.pades.cms import check_algorithms, load_certificates, read_container
from signing_service.verify.pades.document import Document
from signing_service.verify.pades.signatures import Found, read_time, signed_parts
from signing_service.verify.path import Path
from signing_service.verify.report import SignatureReport
from signing_service.verify.timestamps import Token, open_token
from signing_service.verify.verdict import Checks, Step, SubIndication, failure, unproven

CADES, DETACHED, OVER_SHA1 = "ETSI.CAdES.detached", "adbe.pkcs7.detached", "adbe.pkcs7.sha1"
PLAIN_RSA, TIMESTAMP = "adbe.x509.rsa_sha1", "ETSI.RFC3161"
_CADES = (CADES, "PBAD.PAdES")  # the latter: Brazil's name for it (DOC-ICP-15.03)
_SHA1 = Algorithm("1.3.14.3.2.26", None)
_RSA_SHA1 = Algorithm("1.2.840.113549.1.1.5", None)


@dataclass(slots=True)
class Opened:
    """A signature with what was found of it."""

    found: Found
    report: SignatureReport
    container: Container | None = None
    certificate: Certificate | None = None
    tokens: list[Token] = field(default_factory=list)
    """Signature timestamps; of a document timestamp the token itself."""
    path: Path | None = None
    """The signer's, once it was found valid."""
    between: Hash | None = None
    """The hash that stands between document and container (``adbe.pkcs7.sha1``)."""

    @property
    def subject(self) -> str:
        """How checks name it."""
        return f"field {self.found.field}"


def open_signature(document: Document, found: Found, others: tuple[Certificate, ...], checks: Checks) -> Opened:
    """Read and check the container; ``others`` are certificates found elsewhere in the file."""
    snapshot = document.snapshots[-1]
    report = SignatureReport(found.revision, found.kind, found.field)
    report.claimed_time = read_time(snapshot.resolve(found.dictionary.get("M")))
    opened = Opened(found, report)
    if found.error:
        checks.failed(Step.STRUCTURE, opened.subject, SubIndication.FORMAT_FAILURE, found.error)
        return opened
    with checks.collecting(Step.CMS, opened.subject, SubIndication.FORMAT_FAILURE):
        if found.kind == "timestamp":
            _open_timestamp(document, opened, others)
        else:
            _open_signature(document, opened, others)
        report.intact = True
        checks.passed(Step.CMS, opened.subject, "the signature is intact")
    if opened.certificate is not None and opened.container is not None:
        report.signer = opened.certificate.subject_text
        report.certificate_sha256 = opened.certificate.sha256
        report.issuer = opened.certificate.parsed.issuer.rfc4514_string()
    _open_tokens(opened, others, checks)
    return opened


def _open_timestamp(document: Document, opened: Opened, others: tuple[Certificate, ...]) -> None:
    container = opened.container = read_container(opened.found.contents)
    if container.content_type != TST_INFO:
        raise FormatError("the document timestamp is not a timestamp token")
    token = open_token(container, lambda used: used.digest(*signed_parts(document, opened.found)), others)
    opened.certificate = token.certificate
    opened.tokens = [token]
    opened.report.algorithm = container.scheme().title


def _open_signature(document: Document, opened: Opened, others: tuple[Certificate, ...]) -> None:
    found, parts = opened.found, signed_parts(document, opened.found)
    container = opened.container = _container(document, found)
    used = hash_algorithm(container.digest_algorithm)
    digest = used.digest(*parts)
    if found.subfilter == OVER_SHA1:
        if container.content != hash_algorithm(_SHA1).digest(*parts):
            raise failure(SubIndication.HASH_FAILURE, "the digest in the container is not of the signed bytes")
        opened.between = hash_algorithm(_SHA1)
        digest = used.digest(container.content)
    container.check_content(digest)
    check_algorithms(container)
    certificate = opened.certificate = container.signer_certificate(others)
    _check_ess(container, certificate, found.subfilter)
    opened.report.algorithm = container.scheme().title
    container.check_signature(certificate.public_key, digest)


def _container(document: Document, found: Found) -> Container:
    if found.subfilter == PLAIN_RSA:
        return _plain_rsa(document, found)
    if found.subfilter not in (*_CADES, DETACHED, OVER_SHA1):
        raise unproven(SubIndication.FORMAT_FAILURE, f"the sub-filter {found.subfilter!r} is not supported")
    container = read_container(found.contents)
    if found.subfilter != OVER_SHA1 and container.content is not None:
        raise FormatError("the container of a detached signature has content of its own")
    if container.content_type != DATA:
        raise FormatError("the container signs something other than data")
    if container.signed_bytes is None and found.subfilter in _CADES:
        raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, "a CAdES signature has no signed attributes")
    return container


def _plain_rsa(document: Document, found: Found) -> Container:
    """PKCS#1 in the clear: the certificates stand in the dictionary (ISO 32000-2 12.8.3.2)."""
    snapshot = document.snapshots[-1]
    value: Any = snapshot.resolve(found.dictionary.get("Cert"))
    items = value if isinstance(value, list) else [value]
    certificates = load_certificates(item for item in map(snapshot.resolve, items) if isinstance(item, bytes))
    if not certificates:
        raise unproven(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "the signature dictionary has no /Cert")
    signer = certificates[0]
    return Container(
        content_type=DATA,
        content=None,
        certificates=tuple(certificates),
        signer=SignerId(signer.issuer, signer.serial),
        digest_algorithm=_SHA1,
        signed_attributes={},
        signed_bytes=None,
        signature_algorithm=_RSA_SHA1,
        signature=read_element(found.contents, padded=True).octets,
        unsigned_attributes={},
    )


def _check_ess(container: Container, certificate: Certificate, subfilter: str) -> None:
    if subfilter in _CADES and not has_signing_certificate(container):
        raise unproven(
            SubIndication.SIG_CONSTRAINTS_FAILURE, "a CAdES signature does not name its signer's certificate (ESS)"
        )
    check_signing_certificate(container, certificate)


def _open_tokens(opened: Opened, others: tuple[Certificate, ...], checks: Checks) -> None:
    """Signature timestamps: each must be of this signature; whether its authority is trusted comes later."""
    container = opened.container
    if container is None or opened.found.kind == "timestamp":
        return
    for value in container.unsigned_attributes.get(TIMESTAMP_TOKEN, ()):
        with checks.collecting(Step.TIME, opened.subject, SubIndication.FORMAT_FAILURE):
            token = read_container(value)
            if token.content_type != TST_INFO:
                raise FormatError("the signature timestamp is not a timestamp token")
            known = (*container.certificates, *others)
            opened.tokens.append(open_token(token, lambda used: used.digest(container.signature), known))

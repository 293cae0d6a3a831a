"""Steps 4 and 5, profile ``pades``: all certificates and revocation data that a file brings, in one pool.

    pool = gather(document, containers)
    pool.certificates
    pool.revoked(certificate, anchors)        # when it was revoked, by what the file brings; None if nothing says so

Material is taken from the DSS (EN 319 142-1 5.4.2), its VRI, the containers and Adobe's revocation archive. It proves
only what its issuers signed. Absent revocation data are reported, not fetched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from signing_service.errors import FormatError, SigningServiceError
from signing_service.verify.certificate import Certificate, unique
from signing_service.verify.container import Container
from signing_service.verify.crls import VerifiedCrl, read_crl
from signing_service.verify.limits import MAX_CERTIFICATES, MAX_CMS_BYTES, MAX_REVOCATIONS
from signing_service.verify.objects import Ref
from signing_service.verify.pades.cms import load_certificates, wrap_basic_response
from signing_service.verify.pades.document import Document
from signing_service.verify.revocation import Known, Status, read_response


@dataclass(slots=True)
class Pool:
    """Everything that the file brings for proving its signatures."""

    certificates: tuple[Certificate, ...] = ()
    crls: list[bytes] = field(default_factory=list)
    ocsps: list[bytes] = field(default_factory=list)
    _lists: list[VerifiedCrl] | None = None
    _statuses: list[Status] | None = None

    def revoked(self, certificate: Certificate, anchors: Iterable[Certificate]) -> datetime | None:
        """The earliest moment at which something in the pool says that ``certificate`` was revoked."""
        self._verify(anchors)
        moments = [found for crl in self._lists or () if (found := crl.revoked(certificate)) is not None]
        moments += [
            status.revoked for status in self._statuses or () if status.certificate == certificate and status.revoked
        ]
        return min(moments, default=None)

    def is_known_good(self, certificate: Certificate, anchors: Iterable[Certificate]) -> bool:
        """Whether something in the pool speaks for the certificate at all and does not revoke it."""
        self._verify(anchors)
        listed = any(crl.issuer.subject == certificate.issuer for crl in self._lists or ())
        answered = any(status.certificate == certificate for status in self._statuses or ())
        return (listed or answered) and self.revoked(certificate, anchors) is None

    def _verify(self, anchors: Iterable[Certificate]) -> None:
        """Verify every list and response once; what does not verify says nothing."""
        if self._lists is not None:
            return
        known = unique((*self.certificates, *anchors))
        self._lists, self._statuses = [], []
        for der in self.crls[:MAX_REVOCATIONS]:
            try:
                self._lists.append(read_crl(der, known))
            except SigningServiceError:
                continue
        indexed = Known(known)
        for der in self.ocsps[:MAX_REVOCATIONS]:
            try:
                self._statuses.append(read_response(der, indexed))
            except SigningServiceError:
                continue


def gather(document: Document, containers: Iterable[Container]) -> Pool:
    """Collect the pool of a document; unreadable material is passed over, its absence shows where it is needed."""
    pool = Pool()
    certificates: list[Certificate] = []
    for container in containers:
        certificates += container.certificates
        pool.crls += container.crls
        pool.ocsps += [_as_response(der) for der in container.ocsp_responses]
    newest = document.snapshots[-1]
    dss = newest.dictionary(newest.catalog.get("DSS"))
    dictionaries = [dss, *(newest.dictionary(item) for item in newest.dictionary(dss.get("VRI")).values())]
    ders: list[bytes] = []
    for dictionary in dictionaries:
        ders += _streams(document, dictionary.get("Certs"), dictionary.get("Cert"))
        pool.crls += _streams(document, dictionary.get("CRLs"), dictionary.get("CRL"))
        pool.ocsps += _streams(document, dictionary.get("OCSPs"), dictionary.get("OCSP"))
    certificates += load_certificates(dict.fromkeys(ders[:MAX_CERTIFICATES]))
    pool.crls, pool.ocsps = list(dict.fromkeys(pool.crls)), list(dict.fromkeys(pool.ocsps))
    pool.certificates = unique(certificates)
    return pool


def _streams(document: Document, *arrays: object) -> list[bytes]:
    newest = document.snapshots[-1]
    out: list[bytes] = []
    for array in arrays:
        for item in newest.array(array)[:MAX_CERTIFICATES]:
            try:
                if isinstance(item, Ref):
                    data = document.stream_data(newest.located(item.number))
                    out += [data] if len(data) <= MAX_CMS_BYTES else []
            except FormatError:
                continue
    return out


def _as_response(der: bytes) -> bytes:
    """An OCSPResponse begins with an ENUMERATED; a bare BasicOCSPResponse does not."""
    header = 2 if len(der) > 1 and der[1] < 0x80 else 2 + (der[1] & 0x7F if len(der) > 1 else 0)
    return der if der[header : header + 1] == b"\x0a" else wrap_basic_response(der)

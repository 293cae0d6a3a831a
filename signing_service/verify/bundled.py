"""Step 8: what a bundle brings for people is what the document and the record make of it, byte for byte.

``certificates.pem`` and the full powers under ``mandates/`` prove nothing to this verifier, which takes certificates
from the document. People read them with ``openssl`` and a PDF viewer, and must not be shown anything else.
(README.txt is compared when the bundle is read, in :mod:`signing_service.evidence.bundle`.)

    check_members(bundle, certificates, events)       # raises CheckError
    certificates_pem(certificates_in(revisions))       # what the service puts into a bundle
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

from signing_service.evidence.bundle import Bundle
from signing_service.verify.certificate import Certificate
from signing_service.verify.changes import Revision
from signing_service.verify.cms import read_signature, read_token
from signing_service.verify.container import TIMESTAMP_TOKEN
from signing_service.verify.own_container import certificates_of_own
from signing_service.verify.record import Event
from signing_service.verify.verdict import SubIndication, failure

_COLUMNS = 64  # characters in a line, RFC 7468 section 2


def embedded_in(revision: Revision) -> tuple[Certificate, ...]:
    """Every certificate in a revision's container and its timestamp, in the order of their SETs."""
    if revision.kind in ("archive", "timestamp"):
        return read_token(revision.contents).certificates
    if revision.own_certificate:
        return certificates_of_own(revision.contents)
    container = read_signature(revision.contents)
    tokens = container.unsigned_attributes.get(TIMESTAMP_TOKEN, ())
    return (*container.certificates, *(one for token in tokens for one in read_token(token).certificates))


def certificates_in(revisions: Iterable[Revision]) -> Sequence[bytes]:
    """The DER of every certificate that the document holds, each once, in the order of first appearance:
    revision by revision, those of the container, of its timestamp, and of the DSS that the revision brings."""
    return in_order((embedded_in(revision), revision) for revision in revisions)


def in_order(parsed: Iterable[tuple[Iterable[Certificate], Revision]]) -> Sequence[bytes]:
    """The same from what was parsed already: each revision with the certificates that its containers hold."""
    ders: dict[bytes, None] = {}
    for embedded, revision in parsed:
        ders |= dict.fromkeys(certificate.der for certificate in embedded)
        ders |= dict.fromkeys(revision.certificates)
    return list(ders)


def certificates_pem(ders: Iterable[bytes]) -> bytes:
    """The text of ``certificates.pem``: one block after the other, nothing between them (RFC 7468, strict form)."""
    return "".join(_block(der) for der in ders).encode("ascii")


def _block(der: bytes) -> str:
    text = base64.b64encode(der).decode("ascii")
    lines = "\n".join(text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def check_members(bundle: Bundle, certificates: Iterable[bytes], events: Sequence[Event]) -> None:
    """Raise CheckError unless certificates.pem and mandates/ are those of the document and its events.

    ``certificates``: the document's, in_order.
    """
    constraint = SubIndication.SIG_CONSTRAINTS_FAILURE
    if bundle.certificates != certificates_pem(certificates):
        raise failure(constraint, "certificates.pem in the bundle is not the list of the document's certificates")
    named = {event["mandate"].get("document_sha256") for event in events if event["type"] == "mandate"}
    for digest in bundle.mandates:
        if digest not in named:
            raise failure(constraint, f"no mandate in the record rests on mandates/{digest[:16]}… in the bundle")

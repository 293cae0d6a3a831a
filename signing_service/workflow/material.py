"""What an archive delta brings (EN 319 142-1 5.4.2): certificates and OCSP responses that the next decades will need.

The first one brings the authorities, the stored response of every one-time certificate, and what the service can say
now of its own certificates in the document. A later one brings the chain of the timestamp before it, new authorities,
and fresh responses about all that has not ended: the new timestamp then proves that they said so in time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.orm import Session

from signing_service.encoding import parse_canonical_json
from signing_service.errors import VerificationError
from signing_service.pdf.delta import Dss
from signing_service.pki.status import status_responses
from signing_service.pki.timestamps import BuiltInAuthority
from signing_service.store import acts, agreements
from signing_service.verify.algorithms import key_until
from signing_service.verify.bundled import embedded_in
from signing_service.verify.changes import read_revisions
from signing_service.verify.cms import read_token
from signing_service.verify.padding import strip_padding
from signing_service.verify.structure import read_document
from signing_service.workflow.own_material import OwnMaterial
from signing_service.workflow.service import Service

_CONTENTS = re.compile(rb"/SubFilter /ETSI\.RFC3161 /ByteRange \[[0-9 ]+\] * /Contents <([0-9a-f]+)>")


@dataclass(frozen=True, slots=True)
class Material:
    """What the next archive delta adds, and what the earlier ones left in the DSS."""

    certificates: list[bytes]
    ocsps: list[bytes]
    crls: list[bytes]
    earlier: Dss | None


def gather(session: Session, service: Service, agreement_id: str, now: datetime) -> Material:
    """Gather it for the newest revision of a countersigned agreement."""
    pdf = agreements.read_pdf(session, agreement_id)
    revisions = list(read_revisions(pdf, read_document(pdf)))
    embedded = [certificate for revision in revisions for certificate in embedded_in(revision)]
    own = [service.keys.timestamp, service.keys.services_ca] if _stamps_itself(service) else []
    everything = list(dict.fromkeys([*(one.parsed for one in embedded), *own]))
    listed = {der for revision in revisions for der in revision.certificates}
    earlier = acts.archive_timestamps(session, agreement_id)
    wanted = [one for one in everything if _is_authority(one)]
    dss: Dss | None = None
    stored, brought = list[bytes](), OwnMaterial()
    if earlier:
        wanted += [one.parsed for one in embedded_in(revisions[-1])]
        dss = _parse_dss(earlier[-1].material)
    else:
        signatures = acts.signatures(session, agreement_id)
        stored = [signature.ocsp for signature in signatures if signature.ocsp]
        brought = OwnMaterial.together(signature.material for signature in signatures)
        wanted += [x509.load_der_x509_certificate(der) for der in brought.path]
    certificates = [one.public_bytes(Encoding.DER) for one in dict.fromkeys(wanted)]
    responses = status_responses(service.keys, everything, now)
    new = [der for der in certificates if der not in listed]
    return Material(new, [*stored, *brought.ocsps, *responses], list(brought.crls), dss)


def token_until(token: bytes) -> datetime:
    """Until when a timestamp token can be verified by itself: its first certificate's end, or its keys' strength."""
    certificates = read_token(token).certificates
    ends = [min(one.until, key_until(one.public_key)) for one in certificates]
    if not ends:
        raise VerificationError("the timestamp names no certificate")
    return min(ends)


def token_of_delta(delta: bytes) -> bytes:
    """The timestamp token in an archive delta's bytes."""
    found = _CONTENTS.search(delta)
    if found is None:
        raise VerificationError("the newest revision is no archive timestamp")
    return strip_padding(bytes.fromhex(found[1].decode("ascii")))


def _stamps_itself(service: Service) -> bool:
    return any(isinstance(authority, BuiltInAuthority) for authority in service.authorities)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _parse_dss(data: bytes) -> Dss:
    value = parse_canonical_json(data)
    return Dss(tuple(value["certificates"]), tuple(value["ocsps"]), tuple(value.get("crls", ())))

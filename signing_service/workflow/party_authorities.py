"""Which authorities issue a party's own certificates: set by the secretariat before publishing, sealed with the terms.

::

    set_authorities(service, officer_id, agreement_id, "njupt", pem)     # its people may use certificates under it
    set_authorities(service, officer_id, agreement_id, "njupt", "")      # … under those that the trust file names
    set_authorities(service, officer_id, agreement_id, "njupt", None)    # … with one-time keys only
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from signing_service.agreement.anchors import with_authorities
from signing_service.agreement.source import TOML, parse_source
from signing_service.agreement.terms import Party, Terms
from signing_service.errors import FormatError
from signing_service.store import agreements
from signing_service.workflow.drafts import store_source
from signing_service.workflow.login import require_officer
from signing_service.workflow.service import Service


@dataclass(frozen=True, slots=True)
class PartyAuthorities:
    """A party of a draft, and under whom its people may sign with certificates of their own."""

    party: Party
    allowed: bool
    names: tuple[str, ...]
    """Of the authorities in the terms."""
    trusted: tuple[str, ...]
    """Of those that the trust file names for it."""


def authorities(service: Service, officer_id: str, agreement_id: str) -> list[PartyAuthorities]:
    """Every party of an agreement; raises NotFoundError, NotAllowedError for all but officers."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        terms = Terms.from_json(agreements.get(session, agreement_id).terms)
    return [
        PartyAuthorities(
            party,
            party.own_certificate is not None,
            tuple(_name(x509.load_der_x509_certificate(der)) for der in party.own_certificate or ()),
            tuple(_name(anchor) for anchor in service.trust.anchors_of(party.id)),
        )
        for party in terms.parties
    ]


def set_authorities(service: Service, officer_id: str, agreement_id: str, party_id: str, pem: str | None) -> None:
    """Change one party of a draft; raises FormatError on anything but authorities' certificates in PEM, NotFoundError
    for an unknown party, ConflictError once the agreement is published.
    """
    with service.database.begin() as session:
        require_officer(session, officer_id)
        terms = Terms.from_json(agreements.get(session, agreement_id).terms)
        terms.party(party_id)
        files = dict(agreements.source_files(session, agreement_id))
        try:
            files[TOML] = with_authorities(files[TOML], party_id, pem)
        except FormatError as error:
            raise FormatError(
                "this is not the certificate of an authority, in PEM",
                hint="choose the certificate of the authority that issues the representatives' certificates",
            ) from error
        store_source(session, agreement_id, parse_source(files), service.clock())


def _name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.rfc4514_string())

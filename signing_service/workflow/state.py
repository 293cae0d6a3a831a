"""What is known of one agreement, loaded for a use case: terms, layout, the acts so far."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from sqlalchemy.orm import Session

from signing_service.agreement.acts import Act, Acts
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.errors import NotFoundError
from signing_service.pdf.grammar import Layout, Tail
from signing_service.store import acts, agreements, mandates
from signing_service.store.tables import Agreement, Person
from signing_service.store.tables import Mandate as MandateRow

KEPT = 64  # agreements whose parsed terms and layout a process keeps, some 100 KB each


@dataclass(frozen=True, slots=True)
class Published:
    """A published agreement's frozen parts."""

    id: str
    terms: Terms
    layout: Layout
    base_length: int
    """Bytes of the unsigned base."""
    revision0_length: int
    revision0_sha256: str


def load_published(session: Session, agreement_id: str) -> Published:
    """Load a published agreement; raises NotFoundError for an unknown one and for a draft."""
    row = agreements.get(session, agreement_id)
    if row.layout is None or row.base_length is None:
        raise NotFoundError("the agreement is not published")
    first = agreements.end_of(session, agreement_id, 0)
    terms, layout = _parse(row.terms, row.layout)
    return Published(row.id, terms, layout, row.base_length, first.length, first.sha256)


@functools.lru_cache(maxsize=KEPT)
def _parse(terms: bytes, layout: bytes) -> tuple[Terms, Layout]:
    """Parse what publication froze, once for each content: every step of every signature needs it."""
    return _parse_terms(terms), Layout.from_json(layout)


@functools.lru_cache(maxsize=KEPT)
def _parse_terms(terms: bytes) -> Terms:
    return Terms.from_json(terms)


def load_terms(row: Agreement) -> Terms:
    """An agreement's terms, those of a draft too, parsed once for each content."""
    return _parse_terms(row.terms)


def mandates_in_order(session: Session, terms: Terms) -> list[tuple[MandateRow, Person]]:
    """The mandates in force under an agreement with who holds them, in the order of signature, then an officer's."""
    order = {signer.id: place for place, signer in enumerate(terms.signers())}
    given = mandates.of_agreement(session, terms.id)
    return sorted(given, key=lambda one: order.get(one[0].signer, len(order)))


def load_acts(session: Session, agreement_id: str) -> Acts:
    """Gather the acts under an agreement from their rows."""
    given = {signer: Act(signer, time) for signer, time in acts.signing_times(session, agreement_id)}
    countersignature = given.pop(SECRETARIAT, None)
    refusals = {row.signer: Act(row.signer, row.time, row.reason) for row in acts.refusals(session, agreement_id)}
    withdrawal = acts.withdrawal(session, agreement_id)
    papers = {row.signer: Act(row.signer, row.time) for row in acts.papers(session, agreement_id)}
    return Acts(
        given,
        {signer: refusal for signer, refusal in refusals.items() if signer not in given and signer not in papers},
        papers,
        countersignature,
        Act(SECRETARIAT, withdrawal.time, withdrawal.reason) if withdrawal else None,
        withdrawal.superseded_by if withdrawal else None,
        acts.extended_until(session, agreement_id),
    )


def load_mandate(session: Session, agreement_id: str, signer: str, person_id: str) -> tuple[str, Mandate] | None:
    """The mandate in force of this person for this signer, with its row's id; None if there is none."""
    row = mandates.held_by(session, agreement_id, signer, person_id)
    return None if row is None else (row.id, Mandate.from_json(row.json))


def tail_of(end: agreements.RevisionEnd) -> Tail:
    """What the delta writer needs of the revision that it continues."""
    return Tail(end.length, end.startxref, end.size)

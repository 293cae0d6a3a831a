"""Mandates: who may act as which signer of an agreement."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import ConflictError, NotFoundError
from signing_service.store.driver import Driver
from signing_service.store.identifiers import new_id
from signing_service.store.tables import Agreement, Mandate, Person, Signature
from signing_service.store.tables.people import OFFICERS

_OF_AGREEMENT = (
    select(Mandate, Person)
    .join(Person, Person.id == Mandate.person)
    .where(Mandate.agreement == bindparam("agreement"), Mandate.revoked.is_(None))
    .order_by(Mandate.signer)
)
_HELD_BY = (
    "SELECT id, json FROM mandates "
    "WHERE agreement = :agreement AND signer = :signer AND person = :person AND revoked IS NULL"
)
_HOLDERS = "SELECT signer, person FROM mandates WHERE agreement = :agreement AND revoked IS NULL ORDER BY signer"
_STANDING = """\
SELECT p.ended IS NULL, p.office, EXISTS (SELECT 1 FROM mandates AS m
    WHERE m.agreement = :agreement AND m.person = p.id AND m.revoked IS NULL),
    (SELECT state FROM agreements WHERE id = :agreement)
FROM people AS p WHERE p.id = :person"""


def add(
    session: Session,
    *,
    agreement: str,
    signer: str,
    person: str,
    json: bytes,
    digest: str,
    valid_from: date,
    valid_until: date | None,
    now: datetime,
    entry_index: int | None = None,
) -> Mandate:
    """Store a mandate; raises ConflictError while another one for the same signer is not revoked."""
    mandate = Mandate(
        id=new_id(),
        agreement=agreement,
        signer=signer,
        person=person,
        json=json,
        digest=digest,
        valid_from=valid_from,
        valid_until=valid_until,
        created=now,
        entry_index=entry_index,
    )
    session.add(mandate)
    try:
        session.flush()
    except IntegrityError as error:
        raise ConflictError(
            "%(signer)s has a mandate already", hint="revoke it before giving another", signer=signer
        ) from error
    return mandate


def in_force(session: Session, agreement: str, signer: str) -> Mandate:
    """The signer's mandate that is not revoked, whatever its dates; raises NotFoundError."""
    query = select(Mandate).where(Mandate.agreement == agreement, Mandate.signer == signer, Mandate.revoked.is_(None))
    mandate = session.scalar(query)
    if mandate is None:
        raise NotFoundError("%(signer)s has no mandate", signer=signer)
    return mandate


def has_one(session: Session, agreement: str, signer: str) -> bool:
    """Whether the signer has a mandate that is not revoked."""
    query = select(Mandate.id).where(Mandate.agreement == agreement, Mandate.signer == signer)
    return session.scalar(query.where(Mandate.revoked.is_(None))) is not None


def get(session: Session, mandate_id: str) -> Mandate:
    """The mandate of that id; raises NotFoundError."""
    mandate = session.get(Mandate, mandate_id)
    if mandate is None:
        raise NotFoundError("there is no such mandate")
    return mandate


def of_person(session: Session, person_id: str) -> list[Mandate]:
    """All mandates of a person that are not revoked, the newest first."""
    query = select(Mandate).where(Mandate.person == person_id, Mandate.revoked.is_(None))
    return list(session.scalars(query.order_by(Mandate.created.desc(), Mandate.id)))


def unsigned_of(session: Session, person_id: str, first: str | None = None) -> list[str]:
    """The ids of the mandates by which a person may yet sign for a party what was not ended, the newest first.

    Those under the agreement ``first`` come before all others.
    """
    signed = exists().where(Signature.agreement == Mandate.agreement, Signature.signer == Mandate.signer)
    query = select(Mandate.id).join(Agreement, Agreement.id == Mandate.agreement)
    query = query.where(Mandate.person == person_id, Mandate.revoked.is_(None), Mandate.signer != SECRETARIAT)
    runs = (Agreement.state == "published", Agreement.countersigned.is_(None), Agreement.withdrawn.is_(None))
    order = (Mandate.agreement != first, Mandate.created.desc(), Mandate.id)
    return list(session.scalars(query.where(*runs, ~signed).order_by(*order)))


def drafts_of(session: Session, person_id: str) -> list[str]:
    """The ids of the drafts in which a person is named, in one order."""
    query = select(Mandate.agreement).join(Agreement, Agreement.id == Mandate.agreement)
    query = query.where(Mandate.person == person_id, Mandate.revoked.is_(None), Agreement.state == "draft")
    return list(session.scalars(query.distinct().order_by(Mandate.agreement)))


class Standing(NamedTuple):
    """What decides whether a person may see an agreement."""

    living: bool
    """Whether the person may still sign in."""
    office: str
    """As Person.office."""
    officer: bool
    held: bool
    """Whether the person has a mandate in the agreement that is not revoked, for whomever."""
    state: str | None
    """Of the agreement: ``draft`` or ``published``; None for an unknown one."""


def standing(session: Session, agreement: str, person_id: str) -> Standing:
    """Where a person stands towards an agreement; raises NotFoundError for an unknown person."""
    session.flush()
    row = Driver.of(session).row(_STANDING, {"agreement": agreement, "person": person_id})
    if row is None:
        raise NotFoundError("there is no such person")
    living, office, held, state = row
    return Standing(bool(living), office, office in OFFICERS, bool(held), state)


def held_by(session: Session, agreement: str, signer: str, person_id: str) -> tuple[str, bytes] | None:
    """The id and JSON of a person's mandate for one signer, not revoked; at most one is."""
    driver = Driver.of(session)
    row = driver.row(_HELD_BY, {"agreement": agreement, "signer": signer, "person": person_id})
    return None if row is None else (row[0], bytes(row[1]))


def of_agreement(session: Session, agreement: str) -> list[tuple[Mandate, Person]]:
    """All mandates in an agreement that are not revoked, with their persons, by signer."""
    found = session.execute(_OF_AGREEMENT, {"agreement": agreement})
    return [(mandate, person) for mandate, person in found]


def holders(session: Session, agreement: str) -> list[tuple[str, str]]:
    """Signer and person's id of all mandates in an agreement that are not revoked, by signer."""
    rows = Driver.of(session).rows(_HOLDERS, {"agreement": agreement})
    return [(signer, person) for signer, person in rows]


def ever_named(session: Session, agreement: str) -> set[str]:
    """The ids of all who hold or held a mandate in an agreement."""
    return set(session.scalars(select(Mandate.person).where(Mandate.agreement == agreement)))


def revoke(session: Session, mandate_id: str, *, now: datetime) -> None:
    """Revoke a mandate; revoking it again changes nothing."""
    mandate = get(session, mandate_id)
    if mandate.revoked is None:
        mandate.revoked = now
        session.flush()

"""Passkeys, enrolments and challenges.

Example::

    passkeys.add_challenge(session, challenge, "login", expires=now + timedelta(minutes=5))
    ...
    about = passkeys.take_challenge(session, challenge, "login", now=now)  # a second time: ApprovalError
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, delete, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from signing_service.encoding import sha256_hex
from signing_service.errors import ApprovalError, ConflictError, NotFoundError
from signing_service.store.driver import Driver
from signing_service.store.identifiers import new_id
from signing_service.store.tables import Challenge, Credential, Enrolment, Mandate, Person

_Row = TypeVar("_Row", Credential, Enrolment)
_HELD = (  # every step of signing asks
    "SELECT e.state, c.ended IS NULL, c.credential_id FROM enrolments AS e "
    "JOIN credentials AS c ON c.id = e.credential WHERE e.mandate = :mandate ORDER BY e.entry_index"
)
# spelled out: SQLite finds by the index of those that wait only what it reads
_WAITING: ColumnElement[str] = literal_column("'waiting'")
_COUNT_WAITING = (  # mandates are asked one by one: most of very many are not revoked either
    "SELECT count(*) FROM enrolments AS e WHERE e.state = 'waiting' "
    "AND (SELECT m.revoked FROM mandates AS m WHERE m.id = e.mandate) IS NULL"
)
_OF_MANDATE = (
    select(Enrolment, Credential)
    .join(Credential, Credential.id == Enrolment.credential)
    .where(Enrolment.mandate == bindparam("mandate"))
    .order_by(Enrolment.entry_index)
)


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A passkey as its registration showed it."""

    credential_id: bytes
    key: bytes
    """COSE_Key."""
    counter: int
    backup_eligible: bool
    backed_up: bool


def add_challenge(
    session: Session,
    challenge: bytes,
    purpose: str,
    *,
    expires: datetime,
    person: str | None = None,
    about: bytes = b"",
) -> None:
    """Remember a challenge until it is answered or expires; the same one handed out again is remembered once."""
    session.merge(Challenge(challenge=challenge, purpose=purpose, person=person, about=about, expires=expires))
    session.flush()


def take_challenge(
    session: Session, challenge: bytes, purpose: str, *, now: datetime, person: str | None = None
) -> bytes:
    """Take a challenge away and give what it was about; raises ApprovalError unless it was open for this."""
    statement = delete(Challenge).where(Challenge.challenge == challenge)
    row = session.execute(statement.returning(Challenge.purpose, Challenge.person, Challenge.about, Challenge.expires))
    taken = row.one_or_none()
    if taken is None or taken.purpose != purpose or taken.person != person:
        raise ApprovalError("this passkey's answer was used already, or is to no question of ours", hint="try again")
    if taken.expires <= now:
        raise ApprovalError("the passkey's answer came too late", hint="try again")
    return bytes(taken.about)


def forget_challenges(session: Session, *, now: datetime) -> None:
    """Remove the challenges that nobody answered in time."""
    session.execute(delete(Challenge).where(Challenge.expires <= now))


def add(session: Session, person: str, kind: str, made: NewCredential, *, now: datetime) -> Credential:
    """Store a new passkey; raises ConflictError if it is registered already, for whatever use."""
    row = Credential(
        id=new_id(),
        person=person,
        kind=kind,
        credential_id=made.credential_id,
        key=made.key,
        key_sha256=sha256_hex(made.key),
        counter=made.counter,
        backup_eligible=made.backup_eligible,
        backed_up=made.backed_up,
        created=now,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise ConflictError("this passkey is registered already") from error
    return row


def find(session: Session, credential_id: bytes, *, hold: bool = False) -> Credential | None:
    """The passkey with the authenticator's name; None for an unknown one.

    ``hold`` keeps others from revoking or using it until commit. It is held before the agreement's row and before
    attempts that are approved: who revokes it holds it and waits for those.
    """
    query = select(Credential).where(Credential.credential_id == credential_id)
    return session.scalar(_held(query) if hold else query)


def _held(query: Select[_Row]) -> Select[_Row]:
    """``FOR NO KEY UPDATE``: rows may point at it meanwhile. What was read before is read again."""
    return query.with_for_update(key_share=True).execution_options(populate_existing=True)


def of_person(session: Session, person: str, kind: str | None = None) -> list[Credential]:
    """A person's passkeys that are accepted, of one kind if given, the oldest first."""
    query = select(Credential).where(Credential.person == person, Credential.ended.is_(None))
    if kind is not None:
        query = query.where(Credential.kind == kind)
    return list(session.scalars(query.order_by(Credential.created, Credential.id)))


def note_use(session: Session, credential: Credential, counter: int, *, now: datetime) -> bool:
    """Remember that a passkey was used; False if its counter went back, which a synced one's may."""
    grew = counter > credential.counter or counter == credential.counter == 0
    credential.counter, credential.last_used = max(counter, credential.counter), now
    session.flush()
    return grew


def add_enrolment(session: Session, enrolment: Enrolment) -> Enrolment:
    """Store an enrolment; raises ConflictError if the passkey is enrolled for that mandate already."""
    session.add(enrolment)
    try:
        session.flush()
    except IntegrityError as error:
        raise ConflictError("this passkey is enrolled for that mandate already") from error
    return enrolment


def lock_enrolment(session: Session, enrolment_id: str) -> tuple[Enrolment, Credential]:
    """An enrolment with its passkey; that and all its enrolments are held until commit. Raises NotFoundError.

    The passkey comes first, so that two who change different enrolments of it never wait for each other.
    """
    of = select(Enrolment.credential).where(Enrolment.id == enrolment_id).scalar_subquery()
    credential = session.scalar(_held(select(Credential).where(Credential.id == of)))
    if credential is None:
        raise NotFoundError("there is no such enrolment")
    enrolments = session.scalars(_held(_of_credential(credential.id)))
    return next(one for one in enrolments if one.id == enrolment_id), credential


def of_mandate(session: Session, mandate: str) -> list[tuple[Enrolment, Credential]]:
    """The enrolments for a mandate with their passkeys, revoked ones too, the oldest first."""
    rows = session.execute(_OF_MANDATE, {"mandate": mandate})
    return [(enrolment, credential) for enrolment, credential in rows]


class Held(NamedTuple):
    """Where a passkey stands that is enrolled for a mandate."""

    state: str
    """As Enrolment.state."""
    living: bool
    """Whether the passkey itself is accepted."""
    credential_id: bytes
    """The authenticator's name for it."""

    @property
    def counts(self) -> bool:
        """Whether its approvals count now."""
        return self.state == "confirmed" and self.living


def held_for(session: Session, mandate: str) -> list[Held]:
    """The passkeys that are enrolled for a mandate, revoked ones too, the oldest first."""
    session.flush()
    rows = Driver.of(session).rows(_HELD, {"mandate": mandate})
    return [Held(state, bool(living), credential_id) for state, living, credential_id in rows]


def of_credential(session: Session, credential: str) -> list[Enrolment]:
    """The enrolments of one passkey, the oldest first."""
    return list(session.scalars(_of_credential(credential)))


def _of_credential(credential: str) -> Select[Enrolment]:
    return select(Enrolment).where(Enrolment.credential == credential).order_by(Enrolment.entry_index)


def is_confirmed(session: Session, mandate: str) -> bool:
    """Whether approvals of some passkey count for a mandate now."""
    return any(one.counts for one in held_for(session, mandate))


def states_of_agreement(session: Session, agreement: str) -> dict[str, str]:
    """``waiting`` or ``confirmed`` by signer, of mandates that hold; confirmed where a signer has both."""
    query = select(Enrolment.signer, Enrolment.state).join(Mandate, Mandate.id == Enrolment.mandate)
    query = query.where(Enrolment.agreement == agreement, Enrolment.state != "revoked", Mandate.revoked.is_(None))
    return {row.signer: row.state for row in session.execute(query.order_by(Enrolment.state.desc()))}


def count_waiting(session: Session) -> int:
    """How many enrolments of mandates that hold wait for an officer."""
    row = Driver.of(session).row(_COUNT_WAITING)
    return 0 if row is None else int(row[0])


def waiting(session: Session) -> list[tuple[Enrolment, Credential, Person]]:
    """Every enrolment that waits for an officer, with passkey and person, the oldest first."""
    query = select(Enrolment, Credential, Person).join(Credential, Credential.id == Enrolment.credential)
    query = query.join(Person, Person.id == Credential.person).where(Enrolment.state == _WAITING)
    rows = session.execute(query.order_by(Enrolment.entry_index))
    return [(enrolment, credential, person) for enrolment, credential, person in rows]

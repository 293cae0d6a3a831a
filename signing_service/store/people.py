"""People and the links that bring them in.

Example::

    person = people.add(session, name="Achara Suwan", email="achara@mekong.example", now=now)
    token = people.invite(session, person.id, "invitation", now=now, expires=now + timedelta(days=14))
    invitation = people.open_invitation(session, token, now=now)  # only looks
    people.use_invitation(session, invitation, now=now)  # a second use is refused
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from signing_service.errors import ConflictError, NotAllowedError, NotFoundError
from signing_service.store.identifiers import hash_token, new_id, new_token
from signing_service.store.tables import Invitation, Person

_BY_ID = select(Person).where(Person.id == bindparam("person"))  # built once: every step of signing asks
_OFFICERS = select(Person).where(Person.officer, Person.ended.is_(None)).order_by(Person.name, Person.id)


def add(
    session: Session,
    *,
    name: str,
    email: str,
    now: datetime,
    native_name: str | None = None,
    office: str = "",
    locale: str = "en",
    time_zone: str = "UTC",
) -> Person:
    """Store a new person; raises ConflictError if the address is somebody's already."""
    person = Person(
        id=new_id(),
        name=name,
        native_name=native_name,
        email=email.lower(),
        office=office,
        locale=locale,
        time_zone=time_zone,
        created=now,
    )
    session.add(person)
    _flush(session, person.email)
    return person


def correct(session: Session, person: Person, values: Mapping[str, str | None]) -> None:
    """Change a person's columns; raises ConflictError if the address is somebody's already."""
    for column, value in values.items():
        setattr(person, column, value)
    _flush(session, values.get("email") or person.email)


def _flush(session: Session, email: str) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise ConflictError("there is a person with the address %(email)s already", email=email) from error


def get(session: Session, person_id: str) -> Person:
    """The person of that id; raises NotFoundError."""
    person = session.scalar(_BY_ID, {"person": person_id})
    if person is None:
        raise NotFoundError("there is no such person")
    return person


def by_email(session: Session, email: str) -> Person | None:
    """The person with that address, whatever its case."""
    return session.scalar(select(Person).where(Person.email == email.lower()))


def officers(session: Session) -> list[Person]:
    """All officers who may still log in, by name."""
    return list(session.scalars(_OFFICERS))


def holders(session: Session) -> list[Person]:
    """All who hold an office and have not left, by name."""
    query = select(Person).where(Person.office != "", Person.ended.is_(None))
    return list(session.scalars(query.order_by(Person.name, Person.id)))


def meant(session: Session, text: str, address: str) -> list[Person]:
    """At most two people who have that address, or, where nobody has it, that id or whole name in either script."""
    person = by_email(session, address) or session.get(Person, text)
    if person is not None:
        return [person]
    called = or_(Person.name == text, Person.native_name == text)
    return list(session.scalars(select(Person).where(called, Person.ended.is_(None)).limit(2)))


def names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """The names of these people, by id."""
    return {row.id: row.name for row in session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))}


def everybody(session: Session) -> list[Person]:
    """All people, by name."""
    return list(session.scalars(select(Person).order_by(Person.name, Person.id)))


def invite(
    session: Session,
    person_id: str,
    purpose: str,
    *,
    now: datetime,
    expires: datetime,
    agreement: str | None = None,
) -> str:
    """Make a single-use link's token for a person and give it; only its hash is stored."""
    token = new_token()
    session.add(
        Invitation(
            token_sha256=hash_token(token),
            person=person_id,
            purpose=purpose,
            agreement=agreement,
            created=now,
            expires=expires,
        )
    )
    session.flush()
    return token


def open_invitation(session: Session, token: str, *, now: datetime) -> Invitation:
    """The invitation behind a token that can still be used; raises NotAllowedError with the reason."""
    invitation = session.get(Invitation, hash_token(token))
    if invitation is None:
        raise NotAllowedError("this link is not valid", hint="open it again from the mail, or ask for a new one")
    if invitation.used is not None:
        raise NotAllowedError("this link was used already", hint="sign in, or ask for a new link")
    if invitation.revoked is not None:
        raise NotAllowedError("this link was withdrawn", hint="ask the secretariat for a new one")
    if invitation.expires <= now:
        raise NotAllowedError("this link has expired", hint="ask the secretariat for a new one")
    return invitation


def invited(session: Session, token: str) -> str | None:
    """For whom (an id) a token was made, whether or not it can still be used."""
    invitation = session.get(Invitation, hash_token(token))
    return None if invitation is None else invitation.person


def use_invitation(session: Session, invitation: Invitation, *, now: datetime) -> None:
    """Spend an invitation; of two at the same time, and if it is being withdrawn, one gets NotAllowedError."""
    this = Invitation.token_sha256 == invitation.token_sha256
    query = update(Invitation).where(this, Invitation.used.is_(None), Invitation.revoked.is_(None))
    spent = session.execute(query.values(used=now).returning(Invitation.person)).first()
    if spent is None:
        raise NotAllowedError("this link was used already", hint="sign in, or ask for a new link")


def hold(session: Session, person: Person) -> None:
    """Keep others from changing a person until commit, and read the person again; rows may point at it meanwhile."""
    session.flush()
    session.refresh(person, with_for_update={"key_share": True})


def hold_address(session: Session, person: Person) -> None:
    """Keep others from changing a person's address until commit, and read again what it is."""
    session.flush()
    session.refresh(person, with_for_update={"read": True})


def revoke_invitations(session: Session, person_id: str, *, now: datetime, purpose: str | None = None) -> int:
    """Withdraw a person's unused links, those of one purpose if given; gives how many."""
    query = update(Invitation).where(
        Invitation.person == person_id, Invitation.used.is_(None), Invitation.revoked.is_(None)
    )
    if purpose is not None:
        query = query.where(Invitation.purpose == purpose)
    return len(session.execute(query.values(revoked=now).returning(Invitation.person)).all())

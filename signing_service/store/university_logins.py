"""Universities' accounts and whose they are.

Example::

    login = university_logins.add(session, person.id, "njupt", "https://login.njupt.example", officer.id, now=now)
    login.email = "lin@njupt.example"
    ...
    university_logins.by_subject(session, "https://login.njupt.example", "a81f…")  # the one that is not ended
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from signing_service.errors import NotFoundError
from signing_service.store.identifiers import new_id
from signing_service.store.tables import UniversityLogin


def add(
    session: Session, person: str, provider: str, issuer: str, officer: str, *, now: datetime
) -> UniversityLogin:
    """A new account of a person that is expected to come."""
    row = UniversityLogin(
        id=new_id(), person=person, provider=provider, issuer=issuer, state="expected", created=now, officer=officer
    )
    session.add(row)
    return row


def by_subject(session: Session, issuer: str, subject: str) -> UniversityLogin | None:
    """The account with that subject, waiting or confirmed."""
    query = select(UniversityLogin).where(UniversityLogin.issuer == issuer, UniversityLogin.subject == subject)
    return session.scalar(query.where(UniversityLogin.state != "ended").with_for_update())


def expected(session: Session, provider: str, issuer: str, email: str) -> UniversityLogin | None:
    """The account that is expected to come with that address."""
    query = select(UniversityLogin).where(
        UniversityLogin.provider == provider,
        UniversityLogin.issuer == issuer,
        UniversityLogin.email == email,
        UniversityLogin.state == "expected",
    )
    return session.scalar(query.with_for_update())


def lock(session: Session, login_id: str) -> UniversityLogin:
    """An account that is not ended, held until commit; raises NotFoundError."""
    query = select(UniversityLogin).where(UniversityLogin.id == login_id, UniversityLogin.state != "ended")
    found = session.scalar(query.with_for_update())
    if found is None:
        raise NotFoundError("there is no such university account")
    return found


def of_person(session: Session, person: str) -> list[UniversityLogin]:
    """A person's accounts that are not ended, the oldest first."""
    query = select(UniversityLogin).where(UniversityLogin.person == person, UniversityLogin.state != "ended")
    return list(session.scalars(query.order_by(UniversityLogin.created, UniversityLogin.id)))

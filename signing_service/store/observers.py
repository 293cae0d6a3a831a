"""Observers: who may read one agreement without acting in it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from signing_service.store.tables import Observer, Person


def add(session: Session, agreement: str, person: str, *, by: str, now: datetime) -> bool:
    """Let a person read an agreement; gives whether that is new."""
    if session.get(Observer, (agreement, person)) is not None:
        return False
    session.add(Observer(agreement=agreement, person=person, invited_by=by, created=now))
    session.flush()
    return True


def remove(session: Session, agreement: str, person: str) -> bool:
    """Let a person read no more; gives whether they could."""
    query = delete(Observer).where(Observer.agreement == agreement, Observer.person == person)
    return session.execute(query.returning(Observer.person)).first() is not None


def of_agreement(session: Session, agreement: str) -> list[Person]:
    """An agreement's observers, by name."""
    query = select(Person).join(Observer, Observer.person == Person.id).where(Observer.agreement == agreement)
    return list(session.scalars(query.order_by(Person.name, Person.id)))


def observes(session: Session, agreement: str, person: str) -> bool:
    """Whether a person may read the agreement as its observer."""
    return session.get(Observer, (agreement, person)) is not None


def of_person(session: Session, person: str) -> list[str]:
    """The ids of the agreements that a person observes, the newest invitation first."""
    query = select(Observer.agreement).where(Observer.person == person)
    return list(session.scalars(query.order_by(Observer.created.desc(), Observer.agreement)))

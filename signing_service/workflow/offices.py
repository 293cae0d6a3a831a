"""Who holds which office of the service (docs/roles.md), given and taken by lead officers; each change is an event.

::

    give_office(service, lead_id, person_id, "operator")
    give_office(service, lead_id, person_id, "")         # an officer in the trust file leaves by workflow.succession
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.errors import ConflictError, InputError, NotAllowedError
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import ledger, mandates, observers, people, sessions
from signing_service.store.tables import Person
from signing_service.workflow import trust
from signing_service.workflow.permissions import LEAD, OFFICER, OFFICES, OPERATOR, require
from signing_service.workflow.service import Service


def give_office(service: Service, lead_id: str, person_id: str, office: str) -> None:
    """Give a person one of OFFICES instead of the present one, or none (""); their sessions end.

    Raises NotAllowedError for all but lead officers and for oneself, ConflictError where the trust file still names
    an officer who would leave, or where an operator-to-be reads or signs agreements.
    """
    now = service.clock()
    with service.database.begin() as session:
        require(session, lead_id, "offices")
        person = people.get(session, person_id)
        if person_id == lead_id:
            raise NotAllowedError("nobody changes their own office", hint="ask another lead officer")
        people.hold(session, person)
        if person.ended is not None:
            raise NotAllowedError("this person may not act any more")
        sessions.end_all(session, person_id, now=now)
        take_office(session, person, office, lead_id, now)  # which locks the log, last
    service.publish()


def take_office(session: Session, person: Person, office: str, by: str, now: datetime) -> None:
    """Change a person's office within the caller's transaction, with its events."""
    if office and office not in OFFICES:
        raise InputError("there is no office %(office)s", hint="reload the page", office=office[:40])
    _check_leaving(session, person, office)
    if office == OPERATOR and (mandates.of_person(session, person.id) or observers.of_person(session, person.id)):
        raise ConflictError(
            "%(name)s reads or signs agreements, of which an operator sees nothing",
            hint="ask somebody else, or end their mandates and invitations first",
            name=person.name,
        )
    was_officer, person.office = person.officer, office
    if office in (OFFICER, LEAD) and not was_officer:
        added = {"officer": {"id": person.id, "name": person.name}, "by": by}
        ledger.append(session, SERVICE_SCOPE, "officer-added", added, now)
    if (office, was_officer) != (OFFICER, False):
        given = {"person": {"id": person.id, "name": person.name}, "office": office or None, "by": by}
        ledger.append(session, SERVICE_SCOPE, "office-given", given, now)


def _check_leaving(session: Session, person: Person, office: str) -> None:
    named = trust.current(session).officer(person.id)
    if named is not None and named.keys and named.until is None and office not in (OFFICER, LEAD):
        raise ConflictError(
            "the trust file names %(name)s as an officer",
            hint="let them leave the trust file, by your passkey",
            name=person.name,
        )

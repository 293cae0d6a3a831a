"""Observers of an agreement: invited by officers, they read text and PDF, and nothing else of it (docs/roles.md)."""

from __future__ import annotations

from signing_service.errors import ConflictError, NotFoundError
from signing_service.store import agreements, observers, people
from signing_service.store.tables import Person
from signing_service.workflow.invitations import send_invitation
from signing_service.workflow.login import require_officer
from signing_service.workflow.permissions import OPERATOR
from signing_service.workflow.service import Service


def invite_observer(service: Service, officer_id: str, agreement_id: str, person_id: str) -> None:
    """Let a person read a published agreement, and send them a link.

    Raises NotFoundError for a draft, ConflictError for an operator and for who observes it already.
    """
    now = service.clock()
    with service.database.begin() as session:
        require_officer(session, officer_id)
        agreements.newest_end(session, agreement_id)  # a draft has none: there is nothing to read yet
        person = people.get(session, person_id)
        if person.office == OPERATOR:
            raise ConflictError("%(name)s is an operator, who sees no agreement's content", name=person.name)
        if not observers.add(session, agreement_id, person_id, by=officer_id, now=now):
            raise ConflictError("%(name)s observes this agreement already", name=person.name)
        send_invitation(session, service, person, now)


def end_observing(service: Service, officer_id: str, agreement_id: str, person_id: str) -> None:
    """Let an observer read no more; raises NotFoundError for somebody who does not observe it."""
    with service.database.begin() as session:
        require_officer(session, officer_id)
        if not observers.remove(session, agreement_id, person_id):
            raise NotFoundError("there is no such observer")


def observers_of(service: Service, officer_id: str, agreement_id: str) -> list[Person]:
    """Who observes an agreement, by name."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        return observers.of_agreement(session, agreement_id)

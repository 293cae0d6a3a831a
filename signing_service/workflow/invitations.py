"""Invitations by mail: a personal link, and as whom the person can sign; written within the caller's transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.terms import Terms
from signing_service.store import mandates, people
from signing_service.store.tables import Person
from signing_service.workflow.links import INVITATION_LIFETIME, InvitedAs, new_link, roles_of
from signing_service.workflow.mails import addressed, compose, letterhead, translations
from signing_service.workflow.moments import told
from signing_service.workflow.notices import asking_subject
from signing_service.workflow.posting import post
from signing_service.workflow.service import Service


def send_invitation(
    session: Session,
    service: Service,
    person: Person,
    now: datetime,
    agreement: str | None = None,
    *,
    asks: str = "invitation",
    ended: str | None = None,
) -> str:
    """Invite a person by mail, for an agreement if one is given; return the link, of which only a hash is stored.

    ``asks``: what the subject says, one of notices.ASKING. ``ended``: an
    agreement that is withdrawn in the same transaction, so that it waits for nobody.
    """
    people.hold_address(session, person)  # a correction of it withdraws only the links that it sees
    link = new_link(session, service, person.id, "invitation", now, INVITATION_LIFETIME)
    found, more = roles_of(session, person.id, person.locale, now, first=agreement, ended=ended)
    own_turn = asks == "turn"  # it is told before the act is stored that makes it theirs
    roles = [replace(role, waits=False) if own_turn and role.agreement == agreement else role for role in found]
    zone = roles[0].zone if roles else person.time_zone
    mail = compose(
        "invitation",
        person.locale,
        _subject(service, asks, person.locale, next((role for role in roles if role.agreement == agreement), None)),
        name=addressed(person.name, person.native_name, person.locale),
        roles=[(role, told(role.closes, person.locale, role.zone) if role.closes else "") for role in roles],
        more=more,
        link=link,
        expires=told(now + INVITATION_LIFETIME, person.locale, zone),
        **letterhead(service),
    )
    post(session, person, "invitation", mail, now, agreement=agreement)
    return link


def _subject(service: Service, asks: str, locale: str, role: InvitedAs | None) -> str:
    if role is not None:
        kind = "invitation" if asks == "reminder" and role.waits else asks
        return asking_subject(kind, locale, role.title, role.reference)
    return translations(locale).gettext("Invitation to sign: %s") % service.name


def invite_representatives(
    session: Session, service: Service, terms: Terms, now: datetime, ended: str | None = None
) -> None:
    """Invite everybody who holds a mandate under a newly published agreement, each person once.

    In the order of their ids, as ``remind`` is called: of two transactions that invite the same people neither waits
    for the other's links while it holds its own. ``ended``: as in send_invitation.
    """
    invited = {person.id: person for _, person in mandates.of_agreement(session, terms.id)}
    for _, person in sorted(invited.items()):
        send_invitation(session, service, person, now, terms.id, ended=ended)

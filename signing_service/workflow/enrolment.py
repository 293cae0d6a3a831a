"""Invitations: single-use links that bring a person in, and the password that the person then chooses.

An invitation alone never signs: signing asks for the password (or, later, a passkey) again.
"""

from __future__ import annotations

from dataclasses import dataclass

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import InputError
from signing_service.store import mandates, outbox, passkeys, people, sessions
from signing_service.workflow.account_notices import tell_of_account
from signing_service.workflow.guessing import own_words_of
from signing_service.workflow.invitations import send_invitation
from signing_service.workflow.links import SIGN_IN_LIFETIME, InvitedAs, new_link, roles_of
from signing_service.workflow.login import require_officer
from signing_service.workflow.passwords import hash_password
from signing_service.workflow.service import Service


@dataclass(frozen=True, slots=True)
class OpenedInvitation:
    """What the invitation's page shows before the person accepts."""

    person_name: str
    native_name: str | None
    email: str
    officer: bool
    roles: tuple[InvitedAs, ...]
    """As whom the person can still sign, at most MOST_TOLD of them."""
    more_roles: bool
    """Whether there are others besides."""
    nothing_waits: bool
    """Whether the person is named in agreements, and can sign none of them any more, or none yet."""
    needs_password: bool
    has_passkey: bool
    """Whether the person has made one to sign in with."""


def open_invitation(service: Service, token: str, language: str = "en") -> OpenedInvitation:
    """Say whom a link is for, without using it, in ``language`` as far as the terms can.

    Raises NotAllowedError with the reason if it cannot be used.
    """
    with service.database.read() as session:
        invitation = people.open_invitation(session, token, now=service.clock())
        person = people.get(session, invitation.person)
        roles, more = roles_of(session, person.id, language, service.clock())
        named = any(mandate.signer != SECRETARIAT for mandate in mandates.of_person(session, person.id))
        return OpenedInvitation(
            person.name,
            person.native_name,
            person.email,
            person.officer,
            roles,
            more_roles=more,
            nothing_waits=named and not roles,
            needs_password=person.password_hash is None,
            has_passkey=bool(passkeys.of_person(session, person.id, "login")),
        )


def accept_invitation(
    service: Service, token: str, password: str | None, *, address: str, agent: str, with_passkey: bool = False
) -> str:
    """Use a link up: set the password if the person has none yet, and open a session; return its token.

    ``with_passkey``: the person has a passkey instead of a password, or will make one in that session. Raises
    NotAllowedError if the link cannot be used, InputError if a password is needed and none or a bad one given.
    """
    now = service.clock()
    hashed = hash_password(password, _own_words(service, token)) if password else None
    with service.database.begin() as session:
        invitation = people.open_invitation(session, token, now=now)
        person = people.get(session, invitation.person)
        chosen = False
        if (person.password_hash is None or invitation.purpose == "password") and not with_passkey:
            if hashed is None:
                raise InputError("a password is needed", hint="choose one; you will be asked for it when you sign")
            person.password_hash, chosen = hashed, True
            tell_of_account(session, service, person.id, "password-set", now)
        people.use_invitation(session, invitation, now=now)
        proof = chosen and not service.settings.password_needs_code  # whoever chose it now knows it now
        return sessions.start(session, person.id, now=now, address=address, agent=agent, step_up=proof, method="link")


def _own_words(service: Service, token: str) -> list[str]:
    with service.database.read() as session:
        invitation = people.open_invitation(session, token, now=service.clock())
        return own_words_of(people.get(session, invitation.person), service.name, service.settings.relying_party_id)


def is_for(service: Service, token: str, person_id: str) -> bool:
    """Whether a link was made for this person, whether or not it can still be used."""
    with service.database.read() as session:
        return people.invited(session, token) == person_id


def invite(service: Service, officer_id: str, person_id: str, agreement_id: str | None = None) -> str:
    """Make a new invitation link for a person, withdraw the older ones and put the mail into the outbox.

    With ``agreement_id`` the mail stands among that agreement's.
    """
    now = service.clock()
    with service.database.begin() as session:
        require_officer(session, officer_id)
        asked = agreement_id is not None and person_id in outbox.last_asked_to_sign(session, agreement_id)
        asks = "reminder" if asked else "invitation"
        return send_invitation(session, service, people.get(session, person_id), now, agreement_id, asks=asks)


def sign_in_link(service: Service, person_id: str) -> str:
    """A fresh link that signs a person in (the first officer at ``init``, everybody in the demo)."""
    now = service.clock()
    with service.database.begin() as session:
        return new_link(session, service, person_id, "sign-in", now, SIGN_IN_LIFETIME)

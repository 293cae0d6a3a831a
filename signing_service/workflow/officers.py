"""Officers: who they are, and their passkeys (DESIGN 4, "Enrolment").

::

    register_officer_key(service, officer_id, answer)             # the very first one is trusted by the init link
    officer_keys_of(service, officer_id)                          # any later one waits (workflow.succession)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signing_service.encoding import to_base64url
from signing_service.evidence.succession import sign_succession
from signing_service.evidence.trust import TrustFile, format_trust_file
from signing_service.store import passkeys, people
from signing_service.store.tables import Credential, Person
from signing_service.workflow import trust
from signing_service.workflow.invitations import send_invitation
from signing_service.workflow.login import require_officer
from signing_service.workflow.offices import take_office
from signing_service.workflow.passkeys import register
from signing_service.workflow.people import NewPerson, store_person
from signing_service.workflow.permissions import OFFICER, require
from signing_service.workflow.service import Service
from signing_service.workflow.succession import release, store_addition, with_key


@dataclass(frozen=True, slots=True)
class OfficerKey:
    """An officer's passkey, in the trust file or waiting for another officer."""

    id: str
    officer: str
    name: str
    key: bytes
    """COSE_Key."""
    trusted: bool
    created: datetime

    def to_value(self) -> dict[str, Any]:
        """What a browser needs to compute the code."""
        return {
            "credential": self.id,
            "key": to_base64url(self.key),
            "person": self.officer,
            "trusted": self.trusted,
        }


def add_officer(service: Service, officer_id: str, person: NewPerson, office: str = OFFICER) -> str:
    """Add a person with an office, by a lead officer, and return the id.

    An officer confirms nothing before a passkey of theirs is in the trust file. Raises NotAllowedError.
    """
    now = service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "offices")
        row = store_person(session, person, now)
        take_office(session, row, office, officer_id, now)
        send_invitation(session, service, row, now)
    service.publish()
    return row.id


def officer_keys_of(service: Service, officer_id: str) -> list[OfficerKey]:
    """All officers' passkeys, by officer; raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        file = trust.current(session)
        officers = people.officers(session)
        return [
            _view(file, person, key) for person in officers for key in passkeys.of_person(session, person.id, "officer")
        ]


def register_officer_key(service: Service, officer_id: str, answer: dict[str, Any]) -> OfficerKey:
    """Register an officer's own passkey.

    The first one of a new service goes into the trust file at once, by the link that ``init`` printed; any other
    waits for an officer whose passkey is there. Raises as passkeys.register.
    """
    with service.database.begin() as session:
        person = require_officer(session, officer_id)
        credential = register(session, service, officer_id, "officer", answer)
        file = trust.current(session)
        first = not any(officer.keys for officer in file.officers)
        if first:
            successor = with_key(session, file, person, credential)
            data = format_trust_file(sign_succession(successor, service.keys.record_signer()))
            store_addition(session, service, data, person, credential.key, None)
        view = _view(trust.current(session), person, credential)
    release(service)
    return view


def _view(file: TrustFile, person: Person, credential: Credential) -> OfficerKey:
    named = file.officer(person.id)
    trusted = named is not None and credential.key in named.keys
    return OfficerKey(credential.id, person.id, person.name, credential.key, trusted, credential.created)

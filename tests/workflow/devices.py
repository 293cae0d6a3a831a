"""People's devices in a test: they enrol passkeys, officers confirm them, and acts are approved with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from signing_service.agreement.terms import SECRETARIAT
from signing_service.approval import challenge_of
from signing_service.ceremony.authenticator import Authenticator
from signing_service.encoding import to_base64url
from signing_service.workflow.approval_keys import Enrolled, enrol
from signing_service.workflow.approvals import PasskeyAnswer
from signing_service.workflow.confirmation import begin_confirmation, confirm
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.officers import OfficerKey, register_officer_key
from signing_service.workflow.passkeys import register_login, registration_options
from signing_service.workflow.prepared import Prepared, Waiting
from signing_service.workflow.signing import approve_attempt
from tests.cast import ANDAMAN, LIN, NANJING, PUBLIC_URL, SOMCHAI, Person
from tests.workflow.world import Signing, World, source

PASSKEY_RULES = 'signatures = { kind = "all" }\norder = "free"\nminimum_assurance = "passkey"\n'


def asking_for_passkeys(world: World) -> World:
    """The same people with another published agreement, whose sealed rules ask for passkeys."""
    agreement = create_draft(world.service, world.officer, source((NANJING, ANDAMAN), PASSKEY_RULES))
    for person in (LIN, SOMCHAI):
        authority = Authority("Rector's office", world.clock.now.date())
        give_mandate(world.service, world.officer, agreement, person.signer, world.ids[person], authority)
    return replace(world, agreement=agreement).publish()


@dataclass
class Devices:
    """One device a person; the world's officer has one from the start."""

    world: World
    of: dict[str, Authenticator] = field(default_factory=dict)

    @classmethod
    def in_(cls, world: World) -> Devices:
        devices = cls(world)
        devices.add_officer(world.officer)
        return devices

    def device(self, person_id: str) -> Authenticator:
        return self.of.setdefault(person_id, Authenticator(PUBLIC_URL))

    def add_officer(self, officer_id: str) -> OfficerKey:
        """Register an officer's passkey for confirmations and countersignatures."""
        options = registration_options(self.world.service, officer_id, "officer")
        return register_officer_key(self.world.service, officer_id, self.device(officer_id).create(options))

    def add_login(self, person_id: str) -> str:
        options = registration_options(self.world.service, person_id, "login")
        return register_login(self.world.service, person_id, self.device(person_id).create(options))

    def enrol(self, person: Person) -> Enrolled:
        """Enrol a fresh approval passkey; it waits for an officer."""
        service, person_id = self.world.service, self.world.ids[person]
        answer = self.device(person_id).create(registration_options(service, person_id, "approval"))
        return enrol(service, person_id, self.world.agreement, person.signer, answer)

    def confirm(self, enrolled: Enrolled, officer_id: str = "", method: str = "video") -> None:
        officer = officer_id or self.world.officer
        begun = begin_confirmation(self.world.service, officer, enrolled.id, method)
        confirm(self.world.service, officer, enrolled.id, self.device(officer).get(begun["passkey"]))

    def approve(self, signing: Signing, device: Authenticator | None = None, **changes: Any) -> Prepared | Waiting:
        """Approve an attempt with the person's passkey."""
        world, device = self.world, device or self.device(signing.person_id)
        options = {**(signing.attempt["approvals"]["passkey"] or {}), **changes}
        answer = device.get({**options, "challenge": to_base64url(challenge_of(signing.statement))})
        given = PasskeyAnswer(answer)
        attempt = signing.attempt["attempt"]
        prepared = approve_attempt(
            world.service, signing.person_id, attempt, signing.key.request, signing.statement, given
        )
        if isinstance(prepared, Prepared):
            signing.prepared = prepared
        return prepared

    def sign(self, person: Person) -> bytes:
        signing = self.world.signing(person)
        self.approve(signing)
        return signing.complete()

    def countersign(self) -> bytes:
        signing = Signing(self.world, self.world.officer, SECRETARIAT).begin()
        self.approve(signing)
        return signing.complete()

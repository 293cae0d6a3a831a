"""A whole service in a test: three universities and a guest, their people, a clock that only the test moves.

::

    world.publish()
    world.sign(SOMCHAI)
    world.countersign()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing_service.agreement.terms import SECRETARIAT
from signing_service.encoding import canonical_json, to_base64url
from signing_service.pdf.appearance import TypedMark
from signing_service.workflow.approvals import Password
from signing_service.workflow.archiving import archive
from signing_service.workflow.attempts import begin_attempt
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.people import NewPerson, add_person
from signing_service.workflow.prepared import Prepared, Waiting
from signing_service.workflow.publication import look, publish
from signing_service.workflow.service import Service
from signing_service.workflow.signing import approve_attempt, complete_attempt
from tests.cast import ALES, ANDAMAN, BEREZINA, HOA, LIN, NANJING, OBSERVER, PASSWORD, SOMCHAI, Person, University

SIGNERS = (LIN, SOMCHAI, ALES, HOA)

_TEXT = """The universities named in the Schedule of Parties have agreed as follows:

## Purpose {#purpose}

The Parties establish an alliance.

---

IN WITNESS WHEREOF the undersigned have signed this Agreement.
"""


def source(
    universities: tuple[University, ...] = (NANJING, ANDAMAN, BEREZINA, OBSERVER),
    rules: str = "",
    own_certificates: Mapping[University, tuple[str, ...]] | None = None,
) -> dict[str, bytes]:
    """The source files of a one-language agreement between ``universities``; ``rules`` replaces the usual ones.

    Universities of nobody in SIGNERS are signed for by a president.

    ``own_certificates``: authorities (PEM) under which a university's people may use certificates of their own.
    """
    authorities = own_certificates or {}
    roles = dict.fromkeys(universities, "president") | {person.university: person.role for person in SIGNERS}
    usual = 'signatures = { kind = "all" }\norder = "free"\nminimum_assurance = "service"\n'
    parties = "".join(
        f'[[parties]]\nid = "{one.id}"\nname = "{one.name}"\nnative_name = "{one.native_name}"\n'
        f'native_language = "{one.native_language}"\ncountry = "{one.country}"\n'
        f'time_zone = "{one.time_zone}"\n'
        + ("guest = true\n" if one.guest else "")
        + (f"own_certificate = {list(authorities[one])!r}\n" if one in authorities else "").replace("'", '"')
        + f'[[parties.signers]]\nrole = "{roles[one]}"\ntitle = {{ en = "{roles[one].title()}" }}\n'
        for one in universities
    )
    head = (
        'reference = "TEST/1"\nversion = "1.0"\nlanguages = ["en"]\n[title]\nen = "Test Agreement"\n'
        f'[rules]\n{rules or usual}entry_into_force = {{ kind = "on-countersignature" }}\n'
    )
    return {"agreement.toml": (head + parties).encode(), "en.md": _TEXT.encode()}


def corrected(files: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The same source files as version 1.1."""
    files = source() if files is None else files
    return {**files, "agreement.toml": files["agreement.toml"].replace(b'version = "1.0"', b'version = "1.1"')}


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **parts: float) -> None:
        """Move on, by ``timedelta``'s words."""
        self.now += timedelta(**parts)


class OneTimeKey:
    """What a browser makes for one signature."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def request(self) -> bytes:
        builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass
class Signing:
    """One signing in progress, step by step."""

    world: World
    person_id: str
    signer: str
    key: OneTimeKey = field(default_factory=OneTimeKey)
    attempt: dict[str, Any] = field(default_factory=dict)
    prepared: Prepared | None = None
    language: str = "en"
    """Of the consent."""

    def begin(self) -> Signing:
        mark = TypedMark("Signature")
        world = self.world
        self.attempt = begin_attempt(world.service, self.person_id, world.agreement, self.signer, mark, self.language)
        return self

    @property
    def statement(self) -> bytes:
        return canonical_json({**self.attempt["statement"], "key": to_base64url(self.key.spki)})

    def approve(self, password: str = PASSWORD) -> Prepared | Waiting:
        answer = approve_attempt(
            self.world.service,
            self.person_id,
            self.attempt["attempt"],
            self.key.request,
            self.statement,
            Password(password),
        )
        if isinstance(answer, Prepared):
            self.prepared = answer
        return answer

    def complete(self) -> bytes:
        assert self.prepared is not None, "approve it first"
        signature = self.key.sign(self.prepared.signed_attributes)
        return complete_attempt(
            self.world.service, self.person_id, self.attempt["attempt"], signature, self.prepared.revision
        )


@dataclass
class World:
    """The service, its draft agreement and the people's ids."""

    service: Service
    clock: Clock
    officer: str
    agreement: str
    ids: dict[Person, str]

    @classmethod
    def of(
        cls,
        service: Service,
        officer: str,
        files: dict[str, bytes] | None = None,
        people: dict[Person, str] | None = None,
    ) -> World:
        clock = Clock(service.clock())
        service = replace(service, clock=clock)
        agreement = create_draft(service, officer, files or source())
        ids = {}
        for person in SIGNERS:
            newcomer = NewPerson(person.name, person.email, person.native_name)
            ids[person] = people[person] if people else add_person(service, officer, newcomer)
            authority = Authority("Rector's office", clock.now.astimezone(UTC).date())
            give_mandate(service, officer, agreement, person.signer, ids[person], authority)
        return cls(service, clock, officer, agreement, ids)

    def publish(self) -> World:
        publish(self.service, self.officer, self.agreement, look(self.service, self.agreement))
        return self

    def signing(self, person: Person) -> Signing:
        return Signing(self, self.ids[person], person.signer).begin()

    def sign(self, person: Person) -> bytes:
        signing = self.signing(person)
        signing.approve()
        return signing.complete()

    def countersign(self) -> bytes:
        signing = Signing(self, self.officer, SECRETARIAT).begin()
        signing.approve()
        return signing.complete()

    def archive(self) -> None:
        archive(self.service, self.agreement)

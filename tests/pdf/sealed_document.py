"""A whole ceremony in memory: base, seal, signatures, countersignature, archive timestamp. No browser, no service.

    ceremony = Ceremony.held()              # everybody signs, the officer countersigns, the archive closes
    ceremony.pdf, ceremony.keystore.root

    ceremony = Ceremony.published()
    ceremony.sign(LIN)
    ceremony.revisions[-1]

It uses the signing side's own functions only. Times run from NOON on, a minute for each act.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing_service.agreement.consent import consent_sentence
from signing_service.agreement.mandates import Mandate, Representative
from signing_service.agreement.terms import Terms
from signing_service.approval import Approval, Statement, service_approval
from signing_service.approval.statement import Act
from signing_service.ceremony.authenticator import Authenticator
from signing_service.pdf.delta import Delta, Dss, archive_delta, byte_range_digest, embed, seal_delta, signature_delta
from signing_service.pdf.grammar import COUNTERSIGNATURE_FIELD, Layout, Tail, read_tail
from signing_service.pdf.layout import read_layout
from signing_service.pki.authority import AUTHORITIES, OneTimeSubject, issue_one_time, make_credentials
from signing_service.pki.cms import assemble, raw_signature_to_der, signed_attributes
from signing_service.pki.keystore import KeyStore
from signing_service.pki.ocsp import authority_responses, good_response, service_responses
from signing_service.pki.timestamps import BuiltInAuthority, TimestampToken
from tests.cast import ALLIANCE, NOON, OFFICER, REPRESENTATIVES, Person
from tests.pdf.small_base import CONTENTS_SIZE, draw_box, make_base, terms_for

KEYS_MADE = NOON - timedelta(days=30)


def keystore_in_memory(name: str = ALLIANCE, now: datetime = KEYS_MADE) -> KeyStore:
    """Give new keys that were never in a file."""
    made = make_credentials(name, now)
    responses = authority_responses(made["root"], [made[role].certificate for role in AUTHORITIES], name, now)
    return KeyStore.in_memory(made, ed25519.Ed25519PrivateKey.generate(), responses)


def mandate_of(person: Person, terms: Terms) -> Mandate:
    """Give the mandate under which ``person`` acts in 2025."""
    return Mandate(
        agreement=terms.id,
        party=person.university.id if person.university else "secretariat",
        role=person.role,
        representative=Representative(person.id, person.name, person.native_name),
        organ="University Council",
        document=None,
        document_sha256=None,
        first_day=date(2025, 1, 1),
        last_day=date(2025, 12, 31),
    )


def consent_of(act: Act, person: Person, terms: Terms) -> str:
    """Give the English sentence that ``person`` approves."""
    party, role = (person.university.name, person.role.capitalize()) if person.university else ("", "")
    return consent_sentence(act, "en", title=terms.title["en"], version=terms.version, party=party, role=role)


@dataclass(frozen=True, slots=True)
class SignedAct:
    """What one signature or countersignature left behind, for events and records."""

    act: Act
    person: Person
    mandate: Mandate
    statement: Statement
    approval: Approval
    certificate: x509.Certificate
    token: TimestampToken
    ocsp: bytes
    revision: int


@dataclass(slots=True)
class Ceremony:
    """An agreement on its way from the base to the archive; each act appends one revision."""

    keystore: KeyStore
    terms: Terms
    base: bytes
    layout: Layout
    tail: Tail
    now: datetime
    revisions: list[bytes] = field(default_factory=list)
    acts: list[SignedAct] = field(default_factory=list)
    dss: Dss = field(default_factory=Dss)
    archives: int = 0
    passkeys: Mapping[str, Authenticator] = field(default_factory=dict)
    """Devices by person's id; who has none approves by password."""
    approver: Callable[[Person, Statement], Approval] | None = None
    """Approves in everybody's place, where a test wants something else."""

    @classmethod
    def published(
        cls,
        people: tuple[Person, ...] = REPRESENTATIVES,
        keystore: KeyStore | None = None,
        base: bytes | None = None,
        now: datetime = NOON,
        passkeys: Mapping[str, Authenticator] | None = None,
        assurance: str = "service",
        own_certificates: Mapping[str, tuple[bytes, ...]] | None = None,
    ) -> Self:
        """Render and seal; the newest revision is revision 0."""
        terms = terms_for(people, assurance, own_certificates)
        base = base or make_base(terms)
        layout = read_layout(base, CONTENTS_SIZE)
        ceremony = cls(keystore or keystore_in_memory(), terms, base, layout, read_tail(base), now)
        ceremony.passkeys = passkeys or {}
        ceremony._seal()
        return ceremony

    @classmethod
    def held(cls, people: tuple[Person, ...] = REPRESENTATIVES, keystore: KeyStore | None = None) -> Self:
        """Publish, let everybody sign, countersign and archive."""
        ceremony = cls.published(people, keystore)
        for person in people:
            ceremony.sign(person)
        ceremony.countersign()
        ceremony.archive()
        return ceremony

    @property
    def pdf(self) -> bytes:
        """The newest revision."""
        return self.revisions[-1] if self.revisions else self.base

    @property
    def revision0(self) -> str:
        """SHA-256 of revision 0."""
        return hashlib.sha256(self.revisions[0]).hexdigest()

    def _timestamp(self, data: bytes) -> TimestampToken:
        return BuiltInAuthority(self.keystore).timestamp(hashlib.sha256(data).digest(), self.now)

    def _append(self, delta: Delta, container: bytes) -> None:
        self.revisions.append(self.pdf + embed(delta, container))
        self.tail = delta.tail
        self.now += timedelta(minutes=1)

    def _seal(self) -> None:
        delta = seal_delta(self.layout, self.tail, ALLIANCE, f"Publication of {self.terms.reference}", self.now)
        certificate = self.keystore.seal
        attributes = signed_attributes(byte_range_digest(self.pdf, delta), certificate, None)
        signature = self.keystore.sign("seal", attributes)
        chain = [certificate, self.keystore.services_ca]
        self._append(delta, assemble(attributes, signature, chain, self._timestamp(signature).der))

    def sign(self, person: Person) -> SignedAct:
        """Let ``person`` sign in the field of their signer id."""
        return self._act("signature", person, person.signer)

    def countersign(self, person: Person = OFFICER) -> SignedAct:
        """Let an officer countersign."""
        return self._act("countersignature", person, COUNTERSIGNATURE_FIELD)

    def _act(self, act: Act, person: Person, name: str) -> SignedAct:
        key = ec.generate_private_key(ec.SECP256R1())
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        mandate = mandate_of(person, self.terms)
        appearance = draw_box(self.layout, name, person.name)
        statement = Statement(
            act=act,
            agreement=self.terms.id,
            revision0=self.revision0,
            signer=person.signer,
            mandate=mandate.digest(),
            consent=consent_of(act, person, self.terms),
            consent_language="en",
            key=spki,
            appearance=hashlib.sha256(appearance).hexdigest(),
            expires=self.now + timedelta(minutes=10),
        )
        approval = self.approve(person, statement)
        certificate = issue_one_time(self.keystore, spki, self._subject(person), self.now)
        delta = signature_delta(
            self.layout,
            self.tail,
            name,
            name=person.name,
            reason=f"{act.capitalize()} for {person.signer}",
            time=self.now,
            appearance=appearance,
        )
        attributes = signed_attributes(byte_range_digest(self.pdf, delta), certificate, approval.to_der())
        r, s = decode_dss_signature(key.sign(attributes, ec.ECDSA(hashes.SHA256())))  # as WebCrypto gives it
        signature = raw_signature_to_der(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        token = self._timestamp(signature)
        ocsp = good_response(self.keystore, certificate, token.time)
        self._append(delta, assemble(attributes, signature, [certificate, self.keystore.issuing_ca], token.der))
        done = SignedAct(act, person, mandate, statement, approval, certificate, token, ocsp, len(self.revisions) - 1)
        self.acts.append(done)
        return done

    def approve(self, person: Person, statement: Statement) -> Approval:
        """Let a person approve with their device, or else by password."""
        if self.approver is not None:
            return self.approver(person, statement)
        if person.id not in self.passkeys:
            return service_approval(statement.to_json(), "password", self.now)
        return Approval(statement.to_json(), self.passkeys[person.id].approve(statement.challenge()))

    def _subject(self, person: Person) -> OneTimeSubject:
        university = person.university
        return OneTimeSubject(
            self.terms.id,
            university.id if university else "secretariat",
            person.role,
            university.name if university else ALLIANCE,
            university.country if university else None,
            person.name,
        )

    def archive(self) -> TimestampToken:
        """Append validation material for every act, and a document timestamp over all."""
        self.archives += 1
        first = self.archives == 1
        certificates = [self.keystore.issuing_ca, self.keystore.services_ca]
        delta = archive_delta(
            self.layout,
            self.tail,
            f"archive-{self.archives}",
            [certificate.public_bytes(Encoding.DER) for certificate in certificates] if first else [],
            [*(act.ocsp for act in self.acts), *service_responses(self.keystore, self.now)] if first else [],
            self.dss,
        )
        token = BuiltInAuthority(self.keystore).timestamp(byte_range_digest(self.pdf, delta), self.now)
        self.dss = delta.dss or Dss()
        self._append(delta, token.der)
        return token

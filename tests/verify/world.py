"""The verifier's world: a ceremony, the record that was kept of it, its evidence bundle, and the trust file.

world = the_ceremony()                      # made once a test session; nobody changes it
verify_bundle(world.bundle(), world.trust(), LATER)
world.bundle([…])                          # another history, told by a lying operator
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.approval import Confirmation, ConfirmationStatement
from signing_service.ceremony.authenticator import Authenticator
from signing_service.encoding import canonical_json, format_time, parse_time, sha256_hex, to_base64url
from signing_service.evidence import Bundle, BundledEvent, TrustedOfficer, TrustFile, format_trust_file, write_bundle
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.cosignature import Cosigner, add_cosignatures
from signing_service.record.entry import entry_digest, make_entry
from signing_service.record.note import Signer, format_verifier_key
from signing_service.record.proof import Proof, format_proof
from signing_service.record.tree import inclusion_proof, leaf_hash, root_of
from signing_service.verify.bundled import certificates_in, certificates_pem
from signing_service.verify.changes import read_revisions
from signing_service.verify.structure import read_document
from signing_service.verify.trust import Trust, read_trust
from tests.approval.cast import authenticator
from tests.cast import ALLIANCE, LIN, NOON, OFFICER, ORIGIN, PUBLIC_URL, SOMCHAI, Person
from tests.pdf.sealed_document import Ceremony, SignedAct
from tests.record.cast import LOG, salt

LATER = NOON + timedelta(days=30)
COSIGNED = NOON + timedelta(hours=1)
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """A held ceremony and everything around it."""

    ceremony: Ceremony
    log: Signer = LOG
    witnesses: tuple[Cosigner, ...] = ()

    @property
    def pdf(self) -> bytes:
        """The newest revision."""
        return self.ceremony.pdf

    def trust_file(self, **changes: Any) -> TrustFile:
        """The alliance's trust file, without witnesses unless ``changes`` name some."""
        plain = TrustFile(
            name=ALLIANCE,
            web_origin=PUBLIC_URL,
            relying_party_id=ORIGIN,
            root=self.ceremony.keystore.root,
            record_origin=ORIGIN,
            record_key=self.log.verifier_key,
            officers=self._officers(),
        )
        return replace(plain, **changes)

    def _officers(self) -> tuple[TrustedOfficer, ...]:
        device = self.ceremony.passkeys.get(OFFICER.id)
        return (TrustedOfficer(OFFICER.id, OFFICER.name, (device.passkeys[-1].cose_key,)),) if device else ()

    def trust(self, **changes: Any) -> Trust:
        """The same as the verifier reads it."""
        return read_trust([format_trust_file(self.trust_file(**changes))])

    def events(self) -> list[Event]:
        """Every event, honestly told: the service's first, then the agreement's."""
        ceremony, told = self.ceremony, _History(self.ceremony.terms.id)
        told.service(
            "service-initialised",
            public_url=PUBLIC_URL,
            record_origin=ORIGIN,
            record_key=format_verifier_key(self.log.verifier_key),
            root_sha256=sha256_hex(ceremony.keystore.root.public_bytes(Encoding.DER)),
        )
        revision0 = ceremony.revisions[0]
        told.add(
            "publication",
            terms=ceremony.terms.to_value(),
            pdf_sha256=sha256_hex(revision0),
            pdf_length=len(revision0),
            base_length=len(ceremony.base),
            contents_size=ceremony.layout.contents_size,
            officer=OFFICER.id,
        )
        for act in ceremony.acts:
            self._tell(told, act)
        for number in range(1, ceremony.archives + 1):
            revision = len(ceremony.revisions) - 1 - ceremony.archives + number
            told.add(
                "archive-timestamp",
                field=f"archive-{number}",
                **self._revision(revision),
                timestamp=_timestamp(NOON + timedelta(minutes=revision)),
            )
        return told.events

    def _tell(self, told: _History, act: SignedAct) -> None:
        certificate = act.certificate.public_bytes(Encoding.DER)
        mandate = act.mandate.digest()
        told.add("mandate", mandate=act.mandate.to_value(), mandate_sha256=mandate, officer=OFFICER.id)
        if act.act == "signature" and act.approval.assurance == "passkey":
            self._tell_enrolment(told, act)
        told.add(
            "issuance",
            act=act.act,
            signer=act.person.signer,
            mandate_sha256=mandate,
            certificate=to_base64url(certificate),
            certificate_sha256=sha256_hex(certificate),
            approval=to_base64url(act.approval.to_der()),
        )
        told.add(
            act.act,
            signer=act.person.signer,
            mandate_sha256=mandate,
            certificate_sha256=sha256_hex(certificate),
            issuance=told.events[-1]["sequence"],
            **self._revision(act.revision),
            assurance=act.approval.assurance,
            timestamp=_timestamp(act.token.time),
        )

    def _tell_enrolment(self, told: _History, act: SignedAct) -> None:
        key, mandate = self.ceremony.passkeys[act.person.id].passkeys[-1], act.mandate.digest()
        about = {"signer": act.person.signer, "key_sha256": sha256_hex(key.cose_key), "mandate_sha256": mandate}
        told.add(
            "enrolment",
            **about,
            person=act.person.id,
            credential=to_base64url(key.id),
            key=to_base64url(key.cose_key),
            backup_eligible=False,
            backed_up=False,
        )
        stated = ConfirmationStatement(
            agreement=self.ceremony.terms.id,
            signer=act.person.signer,
            person=act.person.id,
            name=act.person.name,
            credential=about["key_sha256"],
            mandate=mandate,
            method="video",
            officer=OFFICER.id,
            time=NOON,
        )
        confirmation = Confirmation(stated.to_json(), self.ceremony.passkeys[OFFICER.id].approve(stated.challenge()))
        told.add(
            "confirmation",
            **about,
            enrolment=told.events[-1]["sequence"],
            officer=OFFICER.id,
            method="video",
            confirmation=to_base64url(confirmation.to_der()),
        )

    def _revision(self, number: int) -> Mapping[str, Any]:
        pdf = self.ceremony.revisions[number]
        return {"revision": number, "pdf_sha256": sha256_hex(pdf), "pdf_length": len(pdf)}

    def bundle(self, told: Sequence[Event] | None = None, **changes: Any) -> bytes:
        """The evidence bundle's bytes; ``changes`` replace parts of :class:`Bundle`."""
        return write_bundle(self.bundle_parts(told, **changes))

    def bundle_parts(self, told: Sequence[Event] | None = None, **changes: Any) -> Bundle:
        """The evidence bundle before it is written."""
        encoded = [canonical_json(event) for event in (self.events() if told is None else told)]
        entries = chained(encoded)
        checkpoint = self.checkpoint(entries)
        bundled = tuple(BundledEvent(at, entries[at], encoded[at], salt(at)) for at in range(len(entries)))
        plain = Bundle(
            agreement=self.ceremony.terms.id,
            pdf=self.pdf,
            events=bundled,
            proofs={at: proof_of(entries, at, checkpoint) for at in range(len(entries))},
            certificates=certificates_pem(certificates_in(read_revisions(self.pdf, read_document(self.pdf)))),
            mandates={},
        )
        return replace(plain, **changes)

    def checkpoint(self, entries: Sequence[bytes]) -> bytes:
        """The record's signed checkpoint over ``entries``, cosigned an hour after the ceremony."""
        root = root_of([leaf_hash(entry) for entry in entries])
        signed = sign_checkpoint(Checkpoint(ORIGIN, len(entries), root), self.log)
        return add_cosignatures(signed, [witness.cosign(signed, COSIGNED) for witness in self.witnesses])


class _History:
    """Numbers events in their scopes, a second apart."""

    def __init__(self, agreement: str) -> None:
        self._agreement = agreement
        self.events: list[Event] = []

    def add(self, kind: str, **members: Any) -> None:
        self._append(kind, self._agreement, members)

    def service(self, kind: str, **members: Any) -> None:
        self._append(kind, "service", members)

    def _append(self, kind: str, scope: str, members: Mapping[str, Any]) -> None:
        sequence = sum(event["scope"] == scope for event in self.events)
        stamped = members.get("timestamp")
        told = [parse_time(event["time"]) for event in self.events] + ([parse_time(stamped["time"])] if stamped else [])
        time = format_time(max(told, default=NOON))
        self.events.append({"v": 1, "type": kind, "scope": scope, "sequence": sequence, "time": time, **members})


def chained(events: Sequence[bytes]) -> list[bytes]:
    """The entries of events of any scopes, each naming its scope's previous one."""
    last: dict[str, bytes] = {}
    entries = []
    for number, event in enumerate(events):
        scope = event.partition(b'"scope":"')[2].partition(b'"')[0].decode()
        entry = make_entry(event, salt(number), entry_digest(last[scope]) if scope in last else None)
        last[scope] = entry
        entries.append(entry)
    return entries


def proof_of(entries: Sequence[bytes], index: int, checkpoint: bytes) -> bytes:
    """The tlog-proof of one entry."""
    leaves = [leaf_hash(entry) for entry in entries]
    hashes = inclusion_proof(index, len(leaves), lambda level, at: root_of(leaves[at << level : (at + 1) << level]))
    return format_proof(Proof(index, tuple(hashes), checkpoint))


def _timestamp(time: datetime) -> Mapping[str, Any]:
    return {"time": format_time(time), "independent": False}


@cache
def the_ceremony() -> World:
    """The ceremony of the cast: everybody signed, the officer countersigned, the archive closed the file."""
    return World(Ceremony.held())


def devices(*people: Person) -> dict[str, Authenticator]:
    """A device with one passkey for each."""
    return {person.id: authenticator(person.id) for person in people}


@cache
def the_passkey_ceremony() -> World:
    """Lin and Somchai sign with passkeys that Mei Tan confirmed; she countersigns with her own."""
    return World(passkey_ceremony(devices(LIN, SOMCHAI, OFFICER)))


def passkey_ceremony(passkeys: Mapping[str, Authenticator]) -> Ceremony:
    """Two parties sign under rules that ask for passkeys, as far as there are some."""
    ceremony = Ceremony.published((LIN, SOMCHAI), passkeys=passkeys, assurance="passkey")
    ceremony.sign(LIN)
    ceremony.sign(SOMCHAI)
    ceremony.countersign()
    ceremony.archive()
    return ceremony

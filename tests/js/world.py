"""A signing, made by the service's own parts, for the browser's modules to check: ``python -m tests.js.world``.

Somchai is about to sign. One delta is prepared on revision 0, a second, with the same key, on revision 1, where
Lin came first. Everything is written as one JSON file; binary values are base64url.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from signing_service.agreement.consent import consent_sentence
from signing_service.agreement.source import Source, parse_source
from signing_service.agreement.terms import Terms
from signing_service.approval import Statement, service_approval
from signing_service.encoding import canonical_json, format_time, sha256_hex, to_base64url
from signing_service.pdf.delta import Delta, byte_range_digest, embed, seal_delta, signature_delta
from signing_service.pdf.grammar import Layout, Tail, read_tail
from signing_service.pdf.layout import read_layout
from signing_service.pdf.rendering import render_base
from signing_service.pki.authority import (
    Credential,
    OneTimeSubject,
    Role,
    issue_one_time,
    make_credentials,
    sign_with,
)
from signing_service.pki.cms import signed_attributes
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.entry import make_entry
from signing_service.record.note import Signer
from signing_service.record.proof import Proof, format_proof
from signing_service.record.tree import Frontier, inclusion_proof, leaf_hash, root_of
from tests.cast import ALLIANCE, ANDAMAN, LIN, NANJING, NOON, ORIGIN, SOMCHAI, University
from tests.js.passkey import passkey_answer

AGREEMENT = "a" * 26
MANDATE = sha256_hex(b"Somchai's mandate")
REASON = "Signature of “Alliance Agreement” for Specimen University of the Andaman Coast, as President"
CONTENTS_SIZE = 4096  # bytes
LOG_SIZE = 7  # entries; the proof of one of them has both left and right siblings


def _party(university: University) -> str:
    return (
        f'[[parties]]\nid = "{university.id}"\nname = "{university.name}"\nnative_name = "{university.native_name}"\n'
        f'native_language = "{university.native_language}"\ncountry = "{university.country}"\n'
        f'country_name = {{ en = "{university.country}" }}\ntime_zone = "{university.time_zone}"\n'
        '[[parties.signers]]\nrole = "president"\ntitle = { en = "President" }\n'
    )


SOURCE = {
    "agreement.toml": (
        'reference = "T/1"\nversion = "1.0"\nlanguages = ["en"]\n[title]\nen = "Alliance Agreement"\n[rules]\n'
        'signatures = { kind = "all" }\norder = "free"\nminimum_assurance = "service"\n'
        'entry_into_force = { kind = "on-countersignature" }\n' + _party(NANJING) + _party(ANDAMAN)
    ).encode(),
    "en.md": b"The parties agree.\n\n## Purpose {#purpose}\n\nTo work together.\n",
}


@dataclass(frozen=True, slots=True)
class Keys:
    """The alliance's authorities, in memory."""

    credentials: dict[Role, Credential]

    @property
    def issuing_ca(self) -> x509.Certificate:
        return self.credentials["issuing-ca"].certificate

    def sign_certificate(self, issuer: Role, builder: x509.CertificateBuilder) -> x509.Certificate:
        return sign_with(self.credentials[issuer].key, builder)


class World:
    """Everything that the service would know at that moment."""

    def __init__(self) -> None:
        self.keys = Keys(make_credentials(ALLIANCE, NOON - timedelta(days=1)))
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.signer = Signer(ORIGIN, Ed25519PrivateKey.generate())
        self.spki = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        subject = OneTimeSubject(AGREEMENT, "andaman", "president", ANDAMAN.name, ANDAMAN.country, SOMCHAI.name)
        self.certificate = issue_one_time(self.keys, self.spki, subject, NOON).public_bytes(Encoding.DER)
        self.events: list[bytes] = []
        self.entries: list[bytes] = []

    @cached_property
    def source(self) -> Source:
        return parse_source(SOURCE)

    @cached_property
    def terms(self) -> Terms:
        return self.source.terms(AGREEMENT)

    @cached_property
    def base(self) -> bytes:
        return render_base(self.source, self.terms)

    @cached_property
    def layout(self) -> Layout:
        return read_layout(self.base, CONTENTS_SIZE)

    @cached_property
    def revision0(self) -> bytes:
        delta = seal_delta(self.layout, read_tail(self.base), ALLIANCE, "Certification", NOON)
        return self.base + embed(delta, b"\x30\x03\x02\x01\x00")

    @cached_property
    def revision1(self) -> bytes:
        field = f"{NANJING.id}:president"
        delta = signature_delta(
            self.layout,
            self.tail0,
            field,
            name=LIN.name,
            reason="Signature",
            time=NOON,
            appearance=self.appearance(field),
        )
        return self.revision0 + embed(delta, b"\x30\x03\x02\x01\x01")

    @property
    def tail0(self) -> Tail:
        return read_tail(self.revision0)

    def appearance(self, field: str) -> bytes:
        slot = self.layout.field(field)
        return (
            b"<< /BBox [0 0 %s %s] /Filter /FlateDecode /FormType 1 /Length 8 /Resources %d 0 R /Subtype /Form "
            b"/Type /XObject >>\nstream\n%s\nendstream"
            % (slot.width.encode(), slot.height.encode(), self.layout.resources, b"x\x9c\x03\x00\x00\x00\x00\x01")
        )

    @cached_property
    def statement(self) -> Statement:
        return Statement(
            act="signature",
            agreement=AGREEMENT,
            revision0=sha256_hex(self.revision0),
            signer="andaman:president",
            mandate=MANDATE,
            consent=consent_sentence(
                "signature", "en", title="Alliance Agreement", version="1.0", party=ANDAMAN.name, role="President"
            ),
            consent_language="en",
            key=self.spki,
            appearance=sha256_hex(self.appearance("andaman:president")),
            expires=NOON + timedelta(minutes=15),
        )

    @cached_property
    def approval(self) -> bytes:
        return service_approval(self.statement.to_json(), "password", NOON).to_der()

    def delta_on(self, base: bytes) -> Delta:
        return signature_delta(
            self.layout,
            read_tail(base),
            "andaman:president",
            name=SOMCHAI.name,
            reason=REASON,
            time=NOON,
            appearance=self.appearance("andaman:president"),
        )

    def log(self, **members: Any) -> int:
        """Append an event; give its index."""
        event = {"v": 1, "scope": AGREEMENT, "sequence": len(self.events), "time": format_time(NOON), **members}
        self.events.append(canonical_json(event))
        self.entries.append(make_entry(self.events[-1], self.salt(len(self.entries)), None))
        return len(self.entries) - 1

    @staticmethod
    def salt(index: int) -> bytes:
        return bytes([index]) * 32

    def proof(self, index: int) -> str:
        """The tlog-proof of an entry in a log of LOG_SIZE entries."""
        leaves = [leaf_hash(entry) for entry in self.entries]
        hashes = inclusion_proof(index, LOG_SIZE, lambda level, at: root_of(leaves[at << level : (at + 1) << level]))
        root = Frontier.read(0, lambda level, at: b"").extend(leaves).root()
        note = sign_checkpoint(Checkpoint(ORIGIN, LOG_SIZE, root), self.signer)
        return format_proof(Proof(index, tuple(hashes), note)).decode()

    def prepared(self, base: bytes, revision: int, issuance: int) -> dict[str, Any]:
        delta = self.delta_on(base)
        certificate = x509.load_der_x509_certificate(self.certificate)
        attributes = signed_attributes(byte_range_digest(base, delta), certificate, self.approval)
        return {
            "revision": revision,
            "base_length": len(base),
            "revision0_length": len(self.revision0),
            "delta": to_base64url(delta.data),
            "signed_attributes": to_base64url(attributes),
            "certificate": to_base64url(self.certificate),
            "chain": [to_base64url(self.keys.issuing_ca.public_bytes(Encoding.DER))],
            "issuance": {
                "event": to_base64url(self.events[issuance]),
                "salt": to_base64url(self.salt(issuance)),
                "entry": to_base64url(self.entries[issuance]),
                "index": issuance,
                "proof": self.proof(issuance),
            },
        }

    def receipt(self, index: int) -> dict[str, Any]:
        event = json.loads(self.events[index])
        return {
            "v": 1,
            "agreement": AGREEMENT,
            "signer": "andaman:president",
            "event": event,
            "salt": to_base64url(self.salt(index)),
            "entry": json.loads(self.entries[index]),
            "index": index,
            "proof": self.proof(index),
            "pdf_sha256": event["pdf_sha256"],
            "trust_sha256": sha256_hex(b"trust"),
        }

    def page(self) -> dict[str, Any]:
        root = self.keys.credentials["root"].certificate.public_bytes(Encoding.DER)
        return {
            "act": "signature",
            "agreement": AGREEMENT,
            "revision0": sha256_hex(self.revision0),
            "signer": "andaman:president",
            "field": "andaman:president",
            "mandate": MANDATE,
            "representative": SOMCHAI.name,
            "organization": ANDAMAN.name,
            "country": ANDAMAN.country,
            "reason": REASON,
            "consent_language": "en",
            "trust": {"record_key": str(self.signer.verifier_key), "root": to_base64url(root)},
        }

    def to_json(self) -> str:
        certificate_sha256 = sha256_hex(self.certificate)
        for _ in range(3):
            self.log(type="mandate")
        issuance = self.log(
            type="issuance",
            act="signature",
            signer="andaman:president",
            mandate_sha256=MANDATE,
            certificate=to_base64url(self.certificate),
            certificate_sha256=certificate_sha256,
            approval=to_base64url(self.approval),
        )
        self.log(type="mandate")
        signed = self.log(
            type="signature",
            signer="andaman:president",
            certificate_sha256=certificate_sha256,
            pdf_sha256=sha256_hex(b"the next revision"),
        )
        self.log(type="mandate")
        proposal = json.loads(self.statement.to_json())
        del proposal["key"]
        return json.dumps(
            {
                "now": int(NOON.timestamp() * 1000),
                "page": self.page(),
                "key": to_base64url(self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
                "spki": to_base64url(self.spki),
                "proposal": proposal,
                "statement": to_base64url(self.statement.to_json()),
                "appearance": to_base64url(self.appearance("andaman:president")),
                "revisions": [to_base64url(self.revision0), to_base64url(self.revision1)],
                "prepared": [self.prepared(self.revision0, 1, issuance), self.prepared(self.revision1, 2, issuance)],
                "receipt": self.receipt(signed),
                "passkey": passkey_answer(self.statement, self.certificate),
            }
        )


if __name__ == "__main__":
    sys.stdout.write(World().to_json())

"""A small world in the database: people of the cast, a published agreement, mandates, signing attempts.

Documents here are short texts instead of PDFs: the store never looks into them.
"""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from signing_service.record.note import Signer
from signing_service.store import acts, agreements, attempts, ledger, mandates, people, publisher
from signing_service.store.agreements import NewRevision, Publication
from signing_service.store.attempts import AttemptRow
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.identifiers import new_id
from signing_service.store.integrity import Counts
from signing_service.store.tables import Mandate, Signature
from signing_service.store.tables import Person as PersonRow
from tests.cast import NOON, ORIGIN, Person

BASE = b"The alliance agreement, revision 0.\n"
AGREEMENT = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
OTHER_AGREEMENT = "bbbbbbbbbbbbbbbbbbbbbbbbbb"
LIVED_IN = Counts(entries=8, erased=0, checkpoints=2, revisions=3)
"""What the fixture ``lived_in`` holds."""
RECORD_SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def add_person(session: Session, person: Person) -> PersonRow:
    return people.add(
        session,
        name=person.name,
        native_name=person.native_name,
        email=person.email,
        office="" if person.university else "officer",
        now=NOON,
    )


def add_events(session: Session, count: int, scope: str = AGREEMENT) -> list[ledger.Appended]:
    return [ledger.append(session, scope, "release", {"version": f"1.{n}"}, NOON) for n in range(count)]


def revision(number: int, previous: bytes, delta: bytes) -> NewRevision:
    whole = previous + delta
    return NewRevision(number, delta, len(whole), len(previous), 10 + number, sha256(whole).hexdigest())


def add_agreement(session: Session, agreement: str = AGREEMENT) -> str:
    files = {"agreement.toml": b'id = "alliance"\n', "zh.md": "# 联盟\n".encode()}
    agreements.add_draft(session, agreement, reference="12C12U/2025", terms=b"{}", files=files, officer=None, now=NOON)
    return agreement


def publish_agreement(session: Session, agreement: str = AGREEMENT) -> str:
    add_agreement(session, agreement)
    first = revision(0, b"", BASE)
    members = {"pdf_sha256": first.sha256, "pdf_length": first.length}
    index = ledger.append(session, agreement, "publication", members, NOON).index
    publication = Publication(b"{}", b"{}", 16384, 20, first, None)
    agreements.publish(session, agreement, publication, now=NOON).publication_index = index
    return agreement


def give_mandate(session: Session, person: PersonRow, signer: str, agreement: str = AGREEMENT) -> Mandate:
    return mandates.add(
        session,
        agreement=agreement,
        signer=signer,
        person=person.id,
        json=b"{}",
        digest=sha256(signer.encode()).hexdigest(),
        valid_from=date(2025, 1, 1),
        valid_until=None,
        now=NOON,
    )


def begin_attempt(session: Session, mandate: Mandate, **changes: Any) -> AttemptRow:
    values: dict[str, Any] = {
        "id": new_id(),
        "agreement": mandate.agreement,
        "signer": mandate.signer,
        "person": mandate.person,
        "mandate": mandate.id,
        "act": "signature",
        "created": NOON,
        "expires": NOON + timedelta(minutes=15),
        "appearance": b"a body",
        "statement": b"{}",
    }
    attempt = AttemptRow(**(values | changes))
    attempts.add(session, attempt)
    return attempt


def sign(session: Session, mandate: Mandate, act: str = "signature", **changes: Any) -> Signature:
    """Store one more revision, its event and its signature, as signing does."""
    end = agreements.newest_end(session, mandate.agreement)
    whole = agreements.read_pdf(session, mandate.agreement)
    new = revision(end.number + 1, whole, f"{act} of {mandate.signer}\n".encode())
    agreements.add_revision(session, mandate.agreement, new, now=NOON)
    members = {"signer": mandate.signer, "pdf_sha256": new.sha256, "pdf_length": new.length}
    values: dict[str, Any] = {
        "agreement": mandate.agreement,
        "signer": mandate.signer,
        "act": act,
        "revision": new.number,
        "person": mandate.person,
        "mandate": mandate.id,
        "certificate": b"a certificate",
        "certificate_sha256": sha256(new.delta).hexdigest(),
        "assurance": "passkey",
        "timestamp_time": NOON,
        "timestamp_independent": True,
        "entry_index": ledger.append(session, mandate.agreement, act, members, NOON).index,
    }
    return acts.add_signature(session, Signature(**(values | changes)))


def publish(database: Database, guard: Guard) -> bytes:
    return publisher.publish(database, guard, RECORD_SIGNER, NOON)

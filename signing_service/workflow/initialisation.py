"""Making a service: keys, schema, guard, trust file, first officer. Run once; what is there is never made again."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.encoding import sha256_hex
from signing_service.errors import ConfigurationError, ConflictError
from signing_service.evidence.trust import TrustFile, fingerprint, fingerprint_text, format_trust_file
from signing_service.pki.keystore import KeyStore, check_no_keys
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.record.note import Signer
from signing_service.settings import Settings
from signing_service.store import installation, ledger, people
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.migrations import upgrade
from signing_service.workflow.links import SIGN_IN_LIFETIME, new_link
from signing_service.workflow.permissions import LEAD
from signing_service.workflow.service import Service, key_passphrase, load_fonts, make_authorities, read_anchors
from signing_service.workflow.witnesses import LogWitness, read_witnesses


@dataclass(frozen=True, slots=True)
class FirstOfficer:
    """Who gets the single-use link that ``init`` prints."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Initialised:
    """What ``init`` prints."""

    service: Service
    fingerprint: str
    """Of the trust file: 160 bits, eight groups of four letters."""
    officer_id: str
    officer_link: str


def initialise(settings: Settings, officer: FirstOfficer, now: datetime, *, demo: bool = False) -> Initialised:
    """Make keys, database, guard and trust file of a new service and record its first events.

    Raises KeyStoreError where keys are there already, ConflictError where the database belongs to a service already.
    """
    witnesses = read_witnesses(settings)
    settings.guard.parent.mkdir(parents=True, exist_ok=True)
    guard = Guard(settings.guard)
    database = Database(settings.database_url, guard=guard)
    _refuse_another(settings, database)
    upgrade(database)
    keys = KeyStore.create(settings.keys, key_passphrase(settings), settings.name, now)
    trust = _trust(settings, keys, witnesses)
    data = format_trust_file(trust)
    authorities, fonts = make_authorities(settings, keys), load_fonts(settings)
    service = Service(settings, database, guard, keys, authorities, trust, data, fonts, witnesses=witnesses)
    officer_id, link = _store(service, officer, now, demo=demo)
    replace(service, clock=lambda: now).publish()  # at the time of what it holds
    settings.trust_file.parent.mkdir(parents=True, exist_ok=True)
    settings.trust_file.write_bytes(data)
    return Initialised(service, fingerprint_text(fingerprint(data)), officer_id, link)


def _refuse_another(settings: Settings, database: Database) -> None:
    """Raise before anything is made where a service is here already, or was: whole, or what is left of it."""
    installed = installation.find_on(database)
    if installed is not None:
        raise ConflictError(
            f"a service is here already: {installed.public_url}, made on {installed.created:%Y-%m-%d}",
            hint="init is run once; signing-service doctor looks at it, signing-service serve starts it",
        )
    if Guard(settings.guard).read() is not None:
        raise ConfigurationError(
            f"the guard {settings.guard} holds a checkpoint already, but the database is empty",
            hint="bring the database of that service back: `signing-service restore FILE`; a new service needs another "
            "GUARD. Never delete it",
        )
    check_no_keys(settings.keys)


def make_secret_file(path: Path) -> None:
    """Write a fresh random secret (256 bits, hexadecimal) into a new file that only its owner reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")


def _trust(settings: Settings, keys: KeyStore, witnesses: tuple[LogWitness, ...]) -> TrustFile:
    return TrustFile(
        name=settings.name,
        web_origin=settings.public_url,
        relying_party_id=settings.relying_party_id,
        root=keys.root,
        record_origin=settings.record_origin,
        record_key=Signer(settings.record_origin, keys.record_signer()).verifier_key,
        timestamp_anchors=read_anchors(settings.timestamp_anchors_file),
        quorum=settings.witness_quorum,
        witnesses=tuple(witness.key for witness in witnesses),
    )


def _store(service: Service, officer: FirstOfficer, now: datetime, *, demo: bool) -> tuple[str, str]:
    trust = service.trust
    with service.database.begin() as session:
        installation.add(
            session,
            public_url=trust.web_origin,
            record_origin=trust.record_origin,
            relying_party_id=trust.relying_party_id,
            trust_file=service.trust_bytes,
            demo=demo,
            now=now,
        )
        person = people.add(session, name=officer.name, email=officer.email, now=now, office=LEAD)
        link = new_link(session, service, person.id, "officer", now, SIGN_IN_LIFETIME)
        initialised = {
            "public_url": trust.web_origin,
            "record_origin": trust.record_origin,
            "record_key": str(trust.record_key),
            "root_sha256": sha256_hex(trust.root.public_bytes(Encoding.DER)),
        }
        ledger.append(session, SERVICE_SCOPE, "service-initialised", initialised, now)
        added = {"officer": {"id": person.id, "name": person.name}, "by": None}
        ledger.append(session, SERVICE_SCOPE, "officer-added", added, now)
    return person.id, link

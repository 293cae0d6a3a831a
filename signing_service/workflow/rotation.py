"""Replacing the service's keys, with an event in the record for each: what was signed stays good, new acts use the new.

Certificates: prepared beside those in use, recorded, then put into place. The record's key: the trust file's successor
names the new key and how far the old one signed; the old one signs that successor, nothing more, and is gone.

Processes that run meanwhile go on with the keys that they have in memory until they are restarted; only checkpoints are
refused at once, so that no process signs the record with a replaced key.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key
from sqlalchemy.orm import Session

from signing_service.encoding import parse_canonical_json, to_base64url
from signing_service.errors import KeyStoreError, UnavailableError
from signing_service.evidence.record_keys import RetiredKey
from signing_service.evidence.succession import sign_succession, unsigned_predecessor
from signing_service.evidence.trust import fingerprint, fingerprint_text, format_trust_file
from signing_service.pki import rotation
from signing_service.pki.authority import Role
from signing_service.pki.keystore import MAKING, PENDING, RECORD
from signing_service.pki.rotation import Replaced, Store
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.record.note import Signer, VerifierKey
from signing_service.settings import Settings
from signing_service.store import installation, ledger, openings, publisher
from signing_service.store.database import Database
from signing_service.store.standbys import check_standbys
from signing_service.workflow import codes, trust
from signing_service.workflow.service import Service, key_passphrase, open_service, open_token

EVENT = "key-rotated"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewRecordKey:
    """What the record's rotation leaves to be told to auditors and log witnesses."""

    key: VerifierKey
    old: RetiredKey
    fingerprint: str
    """Of the trust file's successor."""


def rotate(
    service: Service, role: Role, reason: str, *, root_key: Path | None = None, in_token: bool = False
) -> tuple[Replaced, ...]:
    """Replace the key and certificate of ``role`` (and of what it issued for the service); give what was replaced.

    ``root_key`` is the root's key file, brought back for this. Raises KeyStoreError where the root is needed and
    offline, or an earlier rotation was interrupted; GuardError before anything where nothing can be published.
    """
    service.guard.check_writable()
    store = _store(service, in_token)
    root = rotation.read_root(root_key, store.passphrase, service.keys.root) if root_key else None
    now = service.clock()
    replaced = rotation.prepare(store, role, now, root)
    with service.database.begin() as session:
        for one in replaced:
            ledger.append(session, SERVICE_SCOPE, EVENT, _members(one, reason), now)
    rotation.commit(store.directory)
    _publish_after(service, role)
    return replaced


def rotate_record(service: Service, reason: str, *, in_token: bool = False) -> NewRecordKey:
    """Replace the record's key and write the trust file's successor; the service itself must be opened anew then.

    The old key signs one last checkpoint and the successor; the next checkpoint is the new key's.
    """
    service.guard.check_writable()
    store, old = _store(service, in_token), service.record_signer
    service.publish()
    with publisher.one_publisher(service.database, service.guard) as session:
        key = rotation.prepare_record(store, service.clock())
        new = Signer(old.name, key).verifier_key
        guarded = service.guard.read()
        retired = RetiredKey(old.verifier_key, guarded.size if guarded else 0)
        members = {"role": RECORD, "key": str(new), "replaces": str(old.verifier_key), "reason": reason}
        codes.reseal(session, old.private_key, key)
        successor = _hand_over(session, new, retired, old.private_key)
        handed_over = {**trust.replace_by(session, successor), "reason": reason}
        ledger.append(session, SERVICE_SCOPE, EVENT, members, service.clock())  # the log is locked last
        ledger.append(session, SERVICE_SCOPE, "trust-file", handed_over, service.clock())
    rotation.commit(store.directory)
    trust.write_copy(service.settings.trust_file, successor)
    _publish_after(open_service(service.settings, service.clock), RECORD)
    return NewRecordKey(new, retired, fingerprint_text(fingerprint(successor)))


def resume(settings: Settings) -> bool:
    """Finish an interrupted rotation if the record knows of it, else undo it; give whether it was finished."""
    if not any((settings.keys / folder).exists() for folder in (MAKING, PENDING)):
        raise KeyStoreError("no rotation of keys was interrupted", hint="signing-service keys lists them")
    database = installation.open_database(settings.database_url)
    try:
        check_standbys(database)  # what is finished or undone is published afterwards
        finished = _is_recorded(settings, database)
    finally:
        database.dispose()
    if finished:
        rotation.commit(settings.keys)
    else:
        rotation.discard(settings.keys)
    service = open_service(settings)
    service.publish()
    with service.database.read() as session:
        trust.write_copy(settings.trust_file, trust.current_bytes(session))
    return finished


def outdated_keys(service: Service) -> str:
    """What is wrong with a keys folder that is older than the last rotation; empty where it is not.

    A process with such keys serves all the same, as those do that were running when a key was replaced.
    """
    with service.database.read() as session:
        events = _rotations(session)
    newest = {event["role"]: event["certificate_sha256"] for event in events if "certificate_sha256" in event}
    held = {role: _sha256(service.keys.certificate(role)) for role in rotation.ROTATED}
    old = [role for role, digest in held.items() if newest.get(role, digest) != digest]
    if not old:
        return ""
    return f"{service.settings.keys} is older than the last rotation: the record names a later {', '.join(old)}"


def tell_of_outdated_keys(service: Service) -> None:
    """The log's line for a process that begins with such keys."""
    if problem := outdated_keys(service):
        _log.error("keys: %s (signing-service doctor)", problem)


def _publish_after(service: Service, role: str) -> None:
    """Publish what was rotated; where that fails, the key is rotated all the same, and must not be once more."""
    try:
        service.publish()
    except UnavailableError as error:
        raise UnavailableError(
            f"the {role} key is rotated, but its event could not be published: {error.message}",
            hint="do not rotate it again: restart what runs; the worker publishes the event once this is mended. "
            "signing-service keys shows the new key",
        ) from error


def _hand_over(session: Session, new: VerifierKey, retired: RetiredKey, old_key: Ed25519PrivateKey) -> bytes:
    stored = trust.current_bytes(session, hold=True)  # or an officer's change meanwhile would stop the rotation
    before = trust.parse(stored)
    after = replace(
        before,
        record_key=new,
        retired_record_keys=(*before.retired_record_keys, retired),
        predecessor=unsigned_predecessor(stored),
    )
    return format_trust_file(sign_succession(after, old_key))


def _is_recorded(settings: Settings, database: Database) -> bool:
    """Certificates: the event is there. The record's key: the trust file names it."""
    if not (settings.keys / PENDING).exists():
        return False
    public = settings.keys / PENDING / f"{RECORD}.pub"
    with database.read() as session:
        if public.exists():
            installed = installation.find(session)
            key = load_pem_public_key(public.read_bytes())
            trusted = trust.current(session).record_key.public_key if installed else b""
            return key.public_bytes_raw() == trusted  # type: ignore[union-attr]  # it is Ed25519: we wrote it
        pending = [_sha256(one) for one in rotation.pending_certificates(settings.keys)]
        recorded = {event.get("certificate_sha256") for event in _rotations(session)}
    return recorded.issuperset(pending)  # none pending: commit had moved them all


def _rotations(session: Session) -> list[dict[str, Any]]:
    """The events of all rotations, in order."""
    found = openings.of_type(session, SERVICE_SCOPE, EVENT)
    return [parse_canonical_json(one.event) for one in found if one.event]


def _sha256(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _members(one: Replaced, reason: str) -> dict[str, str]:
    return {
        "role": one.role,
        "certificate": to_base64url(one.new.public_bytes(Encoding.DER)),
        "certificate_sha256": _sha256(one.new),
        "replaces": _sha256(one.old),
        "reason": reason,
    }


def _store(service: Service, in_token: bool) -> Store:
    settings = service.settings
    token = open_token(settings) if in_token else None
    if in_token and token is None:
        raise KeyStoreError("no PKCS#11 token is configured", hint="set PKCS11_MODULE, PKCS11_TOKEN and PKCS11_PIN")
    return Store(settings.keys, key_passphrase(settings), service.keys, token)

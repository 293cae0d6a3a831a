"""Time-based one-time codes beside the password (RFC 6238), for people without a passkey where the rules allow that.

::

    uri = begin_codes(service, person_id)          # shown as a QR code
    confirm_codes(service, person_id, "123456")    # from now on the password needs a code

Seeds are encrypted by AES-256-GCM under a key derived from the record's key, which is not in the database.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from signing_service.errors import ConflictError, NotFoundError, UnavailableError
from signing_service.store import people
from signing_service.store.tables import CodeSeed
from signing_service.workflow.login import WrongPasswordError
from signing_service.workflow.service import Service

STEP = 30  # seconds, RFC 6238 section 5.2
WINDOW = 1  # steps that a person's clock may be off
NONCE_BYTES = 12  # of AES-GCM
_PURPOSE = b"signing-service/code-seeds/v1"


def is_set_up(session: Session, person_id: str) -> bool:
    """Whether the person's password needs a code beside it."""
    seed = session.get(CodeSeed, person_id)
    return seed is not None and seed.confirmed is not None


def begin_codes(service: Service, person_id: str) -> str:
    """Make a new seed and return its ``otpauth:`` URI; it counts once a right code was typed."""
    seed = pyotp.random_base32()
    with service.database.begin() as session:
        if is_set_up(session, person_id):
            raise ConflictError("one-time codes are set up already", hint="ask the secretariat to reset them")
        person = people.get(session, person_id)
        sealed = _seal(service, person_id, seed)
        session.merge(CodeSeed(person=person_id, sealed=sealed, last_step=0, created=service.clock(), confirmed=None))
    return pyotp.TOTP(seed).provisioning_uri(name=person.email, issuer_name=service.name)


def confirm_codes(service: Service, person_id: str, code: str) -> None:
    """Take the first code; raises WrongPasswordError on a wrong one, NotFoundError where nothing was begun."""
    with service.database.begin() as session:
        row = session.get(CodeSeed, person_id, with_for_update=True)
        if row is None:
            raise NotFoundError("no one-time codes are being set up")
        _take(service, row, code)
        row.confirmed = service.clock()


def check(service: Service, person_id: str, code: str) -> None:
    """Take a code where the person has set codes up; raises WrongPasswordError on a wrong or used one."""
    with service.database.begin() as session:
        if is_set_up(session, person_id):
            row = session.get_one(CodeSeed, person_id, with_for_update=True)
            _take(service, row, code)


def _take(service: Service, row: CodeSeed, code: str) -> None:
    now, code = service.clock(), "".join(code.split())
    totp = pyotp.TOTP(_open(service, row), interval=STEP)
    for offset in range(-WINDOW, WINDOW + 1):
        moment = now + timedelta(seconds=STEP * offset)
        step = int(moment.timestamp()) // STEP
        if secrets.compare_digest(totp.at(moment).encode(), code.encode()) and step > row.last_step:
            row.last_step = step
            return
    raise WrongPasswordError("the one-time code is wrong or was used already", hint="wait for the next one")


def _seal(service: Service, person_id: str, seed: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_key(service)).encrypt(nonce, seed.encode(), person_id.encode())


def _open(service: Service, row: CodeSeed) -> str:
    try:
        nonce, sealed = row.sealed[:NONCE_BYTES], row.sealed[NONCE_BYTES:]
        return AESGCM(_key(service)).decrypt(nonce, sealed, row.person.encode()).decode()
    except InvalidTag as error:
        raise UnavailableError("the seed of the one-time codes cannot be opened", hint="ask the secretariat") from error


def _key(service: Service) -> bytes:
    secret = service.keys.record_signer().private_bytes_raw()
    return HKDF(hashes.SHA256(), 32, salt=None, info=_PURPOSE).derive(secret)

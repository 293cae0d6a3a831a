"""Time-based one-time codes beside the password (RFC 6238), for people without a passkey where the rules allow that.

::

    uri = begin_codes(service, person_id, token)          # shown as a QR code, in this session only
    confirm_codes(service, person_id, "123456", token)    # from now on the password needs a code
    admit_codes(service, officer_id, person_id, "K7QD 2MXA")  # compared by voice: now they approve signatures, too

Seeds are encrypted by AES-256-GCM under a key derived from the record's key, in a file or token, never in the database.
Who has read a person's mail can choose a password and set codes up; only an officer who has spoken with the person lets
them approve anything. A lost device is the same from the start: an officer resets the codes, and admits the new ones.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from signing_service.errors import ConflictError, NotAllowedError, NotFoundError, UnavailableError
from signing_service.store import code_seeds, people, sessions
from signing_service.store.tables import CodeSeed
from signing_service.workflow.account_notices import tell_of_account
from signing_service.workflow.passwords import WrongPasswordError
from signing_service.workflow.permissions import require_over
from signing_service.workflow.service import Service

STEP = 30  # seconds, RFC 6238 section 5.2
WINDOW = 1  # steps that a person's clock may be off
NONCE_BYTES = 12  # of AES-GCM
CHECK_BYTES = 5  # 8 letters: who answers the telephone cannot try more than one
_PURPOSE = b"signing-service/code-seeds/v2"
_CHECK = b"signing-service/code-seeds/check/v1"


@dataclass(frozen=True, slots=True)
class Codes:
    """Where a person's one-time codes stand."""

    state: str
    """``none``, ``begun`` (shown in this session, not yet tried), ``waiting`` (for an officer) or ``admitted``."""
    uri: str = ""
    """``otpauth:``, while it is begun and never again."""
    secret: str = ""
    """The seed as text, for who cannot scan; with the URI only."""
    check: str = ""
    """The words to compare with an officer, once a code was right."""
    since: datetime | None = None


def is_set_up(session: Session, person_id: str) -> bool:
    """Whether the person's password needs a code beside it."""
    return code_seeds.standing(session, person_id).confirmed


def codes_of(service: Service, person_id: str, token: str = "") -> Codes:
    """Where a person's codes stand, for the person's own eyes, in the session of ``token``."""
    with service.database.read() as session:
        row, person = session.get(CodeSeed, person_id), people.get(session, person_id)
    if row is None:
        return Codes("none")
    if row.confirmed is None:
        shown = _open_begun(service, row, token)
        return Codes("none") if shown is None else Codes("begun", _uri(service, shown, person.email), shown)
    seed = _open(service, row)
    state = "waiting" if row.admitted is None else "admitted"
    return Codes(state, check=_check_words(seed), since=row.admitted or row.confirmed)


def codes_for_officer(service: Service, person_id: str) -> Codes:
    """The same for an officer's eyes: without the seed."""
    own = codes_of(service, person_id)
    return Codes(own.state, check=own.check, since=own.since)


def begin_codes(service: Service, person_id: str, token: str = "") -> str:
    """Make a new seed and return its ``otpauth:`` URI; it counts once a right code was typed in the same session.

    ``token``: that session. No other one is shown the seed or can use it: whoever else is signed in as this person
    must neither read the seed that an officer is going to admit, nor lay one of their own ready.
    """
    seed = pyotp.random_base32()
    with service.database.begin() as session:
        if is_set_up(session, person_id):
            raise ConflictError("one-time codes are set up already", hint="ask the secretariat to reset them")
        person = people.get(session, person_id)
        sealed = seal(service.keys.record_signer(), seed, _begun_by(person_id, token))
        fresh = CodeSeed(
            person=person_id, sealed=sealed, last_step=0, created=service.clock(), confirmed=None, admitted=None
        )
        session.merge(fresh)
    return _uri(service, seed, person.email)


def confirm_codes(service: Service, person_id: str, code: str, token: str = "") -> None:
    """Take the first code; raises WrongPasswordError on a wrong one, NotFoundError where this session began none.

    ``token``: the session in which it was typed; it rests on the codes from now on.
    """
    with service.database.begin() as session:
        row = session.get(CodeSeed, person_id, with_for_update=True)
        if row is not None and row.confirmed is not None:
            raise ConflictError("one-time codes are set up already", hint="ask the secretariat to reset them")
        seed = None if row is None else _open_begun(service, row, token)
        if row is None or seed is None:
            raise NotFoundError("no one-time codes are being set up")
        row.sealed = seal(service.keys.record_signer(), seed, person_id.encode())
        _take(service, row, code)
        row.confirmed = service.clock()
        sessions.upgrade(session, token, "password+code")
        tell_of_account(session, service, person_id, "codes-set", service.clock())


def drop_codes(service: Service, person_id: str) -> None:
    """Take one's own codes away, to set new ones up; an officer admits those anew."""
    with service.database.begin() as session:
        row = session.get(CodeSeed, person_id, with_for_update=True)
        if row is not None:
            session.delete(row)


def admit_codes(service: Service, officer_id: str, person_id: str, check: str) -> None:
    """An officer has compared ``check`` with the person: the codes may approve signatures from now on.

    Raises NotFoundError where none wait, NotAllowedError for all but officers, for oneself, and where the words differ
    (they were set up anew meanwhile).
    """
    with service.database.begin() as session:
        require_over(session, officer_id, person_id)
        row = session.get(CodeSeed, person_id, with_for_update=True)
        if row is None or row.confirmed is None:
            raise NotFoundError("this person has no one-time codes to admit")
        if person_id == officer_id:
            raise NotAllowedError("nobody admits codes of their own", hint="ask another officer")
        if not secrets.compare_digest(_check_words(_open(service, row)), check):
            raise NotAllowedError("these are other codes than those that you compared", hint="compare them again")
        row.admitted, row.officer = service.clock(), officer_id


def reset_codes(service: Service, officer_id: str, person_id: str) -> None:
    """The device is lost: forget the codes and sign the person out everywhere; new ones have to be admitted again."""
    with service.database.begin() as session:
        require_over(session, officer_id, person_id)
        row = session.get(CodeSeed, person_id, with_for_update=True)
        if row is None:
            raise NotFoundError("this person has set up no one-time codes")
        session.delete(row)
        sessions.end_all(session, person_id, now=service.clock())


def check(service: Service, person_id: str, code: str) -> None:
    """Take a code where the person has set codes up; raises WrongPasswordError on a wrong or used one."""
    with service.database.begin() as session:
        take(session, service, person_id, code)


def take(session: Session, service: Service, person_id: str, code: str) -> bool:
    """The same within the caller's transaction; False where no codes are set up, and none was looked at."""
    if not is_set_up(session, person_id):
        return False
    _take(service, session.get_one(CodeSeed, person_id, with_for_update=True), code)
    return True


def _uri(service: Service, seed: str, email: str) -> str:
    return pyotp.TOTP(seed).provisioning_uri(name=email, issuer_name=service.name)


def _check_words(seed: str) -> str:
    digest = hmac.new(seed.encode(), _CHECK, hashlib.sha256).digest()[:CHECK_BYTES]
    letters = base64.b32encode(digest).decode()
    return f"{letters[:4]} {letters[4:]}"


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


def reseal(session: Session, old: Ed25519PrivateKey, new: Ed25519PrivateKey) -> None:
    """Seal every seed under a new record key, in the transaction that replaces it.

    Those that nobody has tried are for sessions that are not here: they are begun again.
    """
    session.execute(delete(CodeSeed).where(CodeSeed.confirmed.is_(None)))
    for row in session.scalars(select(CodeSeed).with_for_update()):
        owner = row.person.encode()
        seed = unsealed(old, row.sealed, owner)
        if seed is not None:  # else it was of no use before
            row.sealed = seal(new, seed, owner)


def _begun_by(person_id: str, token: str) -> bytes:
    """What a seed that nobody has tried is sealed for: its person and the session that began it."""
    return person_id.encode() + b"\0" + hashlib.sha256(token.encode()).digest()


def seal(record_key: Ed25519PrivateKey, seed: str, owner: bytes) -> bytes:
    """A seed as the database keeps it: nonce and AES-256-GCM ciphertext, good for ``owner`` alone."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_key(record_key)).encrypt(nonce, seed.encode(), owner)


def unsealed(record_key: Ed25519PrivateKey, sealed: bytes, owner: bytes) -> str | None:
    """The seed again; None under another key, or for somebody else."""
    try:
        return AESGCM(_key(record_key)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner).decode()
    except InvalidTag:
        return None


def _open_begun(service: Service, row: CodeSeed, token: str) -> str | None:
    """A seed that nobody has tried; None in any session but the one that began it."""
    return unsealed(service.keys.record_signer(), row.sealed, _begun_by(row.person, token))


def _open(service: Service, row: CodeSeed) -> str:
    seed = unsealed(service.keys.record_signer(), row.sealed, row.person.encode())
    if seed is None:
        raise UnavailableError("the seed of the one-time codes cannot be opened", hint="ask the secretariat")
    return seed


def _key(record_key: Ed25519PrivateKey) -> bytes:
    """From a signature, since a key in a token gives nothing else: Ed25519 signs the same text always alike (RFC 8032).

    No note and no successor of a trust file, which the same key signs, is that text.
    """
    return HKDF(hashes.SHA256(), 32, salt=None, info=_PURPOSE).derive(record_key.sign(_PURPOSE))

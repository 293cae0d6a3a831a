"""Replacing keys that are in use, so that a power cut leaves either the old ones or the new ones, never a mixture. ::

    replaced = prepare(store, "services-ca", now)      # makes keys/making, which becomes keys/next once it is whole
    ...                                                # the record says so
    commit(store.directory)                            # moves it into place

So ``next`` is either whole and perhaps recorded, or recorded and partly in place; whatever is less is ``making``, and
never replaces anything.

Rotating the services CA makes a new seal and a new timestamp key too, since it issues both. What is replaced goes to
``keys/retired`` without its key (see :mod:`signing_service.pki.retired`); the root itself is never rotated: it is the
trust file's anchor, and lasts 40 years.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.errors import KeyStoreError
from signing_service.pki import keyfiles, profiles
from signing_service.pki.authority import AUTHORITIES, COMMON_NAMES, ISSUERS, PROFILES, Credential, Role, sign_with
from signing_service.pki.keystore import MAKING, PENDING, RECORD, KeyStore, KeyToken
from signing_service.pki.ocsp import authority_responses, good_response
from signing_service.pki.retired import FOLDER, Retired, write_retired

ROTATED: tuple[Role, ...] = ("issuing-ca", "services-ca", "seal", "timestamp")
TOGETHER: Mapping[Role, tuple[Role, ...]] = {"services-ca": ("services-ca", "seal", "timestamp")}


class MakingToken(KeyToken, Protocol):
    """A token that new keys are made in."""

    def make_signing_key(self, label: str) -> ec.EllipticCurvePrivateKey:
        """Make a P-256 key of that label."""

    def make_record_key(self, label: str) -> ed25519.Ed25519PrivateKey:
        """Make an Ed25519 key of that label."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """One certificate in another's place."""

    role: Role
    old: x509.Certificate
    new: x509.Certificate


@dataclass(frozen=True, slots=True)
class Store:
    """Where keys are and how they are protected."""

    directory: Path
    passphrase: bytes
    keys: KeyStore
    token: MakingToken | None = None
    """New keys are made in it; None makes them in files."""

    @property
    def making(self) -> Path:
        """The folder in which a rotation is prepared."""
        return self.directory / MAKING


def prepare(store: Store, role: Role, now: datetime, root: Credential | None = None) -> tuple[Replaced, ...]:
    """Make new keys and certificates for ``role`` beside those in use; nothing is replaced yet.

    ``root``: the root's key, brought back for this; without it the one in the store is used. Raises KeyStoreError if
    it is needed and offline, or another rotation was interrupted.
    """
    if role not in ROTATED:
        raise KeyStoreError(f"{role} is not rotated", hint=f"these are: {', '.join((*ROTATED, RECORD))}")
    issuers = {"root": _root(store.keys, root) if ISSUERS[role] == "root" else None}
    replaced, made = [], dict[Role, Credential]()
    with _whole_or_not_at_all(store):
        for each in TOGETHER.get(role, (role,)):
            issuer = issuers.get(ISSUERS[each]) or made.get(ISSUERS[each])
            made[each] = _make(store, each, now, issuer)
            replaced.append(Replaced(each, store.keys.certificate(each), made[each].certificate))
        if root_credential := issuers["root"]:
            _write_answers(store, role, root_credential, made, now)
        _retire(store, replaced, role, issuers["root"], now)
    return tuple(replaced)


def prepare_record(store: Store, now: datetime) -> ed25519.Ed25519PrivateKey:
    """Make a new key for the record beside the one in use."""
    with _whole_or_not_at_all(store):
        if store.token is not None:
            label = _label(RECORD, now)
            key = store.token.make_record_key(label)
            keyfiles.write_new_file(store.making / f"{RECORD}.token", label.encode() + b"\n")
        else:
            key = ed25519.Ed25519PrivateKey.generate()
            keyfiles.write_private_key(store.making / f"{RECORD}.key", key, store.passphrase)
        keyfiles.write_public_key(store.making / f"{RECORD}.pub", key.public_key())
    return key


def commit(directory: Path) -> None:
    """Put what was prepared into place; may be repeated after a power cut until it is done."""
    pending, retired = directory / PENDING, directory / FOLDER
    keyfiles.prepare_directory(retired)
    for path in sorted((pending / FOLDER).glob("*")):
        os.replace(path, retired / path.name)
    keyfiles.sync_directory(retired)
    for path in sorted(path for path in pending.glob("*") if path.is_file()):
        other = {".key": ".token", ".token": ".key"}.get(path.suffix)
        if other:  # first: once the new one is moved, nothing would tell a repetition to do it
            (directory / path.name).with_suffix(other).unlink(missing_ok=True)
        os.replace(path, directory / path.name)
    keyfiles.sync_directory(directory)
    shutil.rmtree(pending)
    keyfiles.sync_directory(directory)


def discard(directory: Path) -> None:
    """Throw away what was prepared but never recorded; may be repeated after a power cut until it is done."""
    pending, making = directory / PENDING, directory / MAKING
    if making.exists():
        shutil.rmtree(making)
    if pending.exists():
        os.replace(pending, making)  # half of it must not look like what commit leaves
        keyfiles.sync_directory(directory)
        shutil.rmtree(making)
    keyfiles.sync_directory(directory)


def pending_certificates(directory: Path) -> list[x509.Certificate]:
    """The certificates of an interrupted rotation that are not in place yet."""
    return [keyfiles.read_certificate(path) for path in sorted((directory / PENDING).glob("*.pem"))]


def take_root_offline(directory: Path, passphrase: bytes, target: Path) -> Path:
    """Copy ``root.key`` to the folder ``target``, read it back, then remove it here; gives the copy's path.

    Raises KeyStoreError if it is not here, or the copy cannot be read.
    """
    key, copy = directory / "root.key", target / "root.key"
    if (directory / "root.offline").exists() and not key.exists():
        raise KeyStoreError(
            "the root's key is offline already", hint="to make a second copy, copy root.key from that medium"
        )
    keyfiles.read_signing_key(key, passphrase)
    keyfiles.write_new_file(copy, key.read_bytes())
    keyfiles.sync_directory(target)
    keyfiles.read_signing_key(copy, passphrase)
    (directory / "root.offline").touch(mode=0o600)
    keyfiles.sync_directory(directory)
    key.unlink()
    keyfiles.sync_directory(directory)
    return copy


def read_root(path: Path, passphrase: bytes, certificate: x509.Certificate) -> Credential:
    """The root's key from wherever it was brought; raises KeyStoreError unless it belongs to ``certificate``."""
    key = keyfiles.read_signing_key(path, passphrase)
    if key.public_key() != certificate.public_key():
        raise KeyStoreError(f"{path} is mismatched: it does not belong to root.pem", hint="this is another root's key")
    return Credential(key, certificate)


def _root(keys: KeyStore, brought: Credential | None) -> Credential:
    return brought or keys.root_credential()


@contextmanager
def _whole_or_not_at_all(store: Store) -> Iterator[None]:
    """Make the folder ``making``, and let it become ``next`` when all that was written into it is on the disk."""
    unfinished = next((one for one in (store.directory / PENDING, store.making) if one.exists()), None)
    if unfinished is not None:
        raise KeyStoreError(
            f"{unfinished} is there: another rotation of keys is not finished",
            hint="signing-service keys resume finishes it, or undoes it if it was not recorded yet",
        )
    (store.making / FOLDER).mkdir(parents=True, mode=0o700)
    store.making.chmod(0o700)
    try:
        yield
    except Exception:
        shutil.rmtree(store.making)
        raise
    keyfiles.sync_directory(store.making / FOLDER)
    keyfiles.sync_directory(store.making)
    os.replace(store.making, store.directory / PENDING)
    keyfiles.sync_directory(store.directory)


def _make(store: Store, role: Role, now: datetime, issuer: Credential | None) -> Credential:
    """Make one role's key and certificate in the pending folder; without ``issuer`` the store's own issues it."""
    if store.token is not None:
        label = _label(role, now)
        key = store.token.make_signing_key(label)
        keyfiles.write_new_file(store.making / f"{role}.token", label.encode() + b"\n")
    else:
        key = ec.generate_private_key(PROFILES[role].curve())
        keyfiles.write_private_key(store.making / f"{role}.key", key, store.passphrase)
    name = store.keys.organisation
    subject = profiles.distinguished_name(COMMON_NAMES.get(role, name), organisation=name)
    above = issuer.certificate if issuer else store.keys.certificate(ISSUERS[role])
    builder = profiles.certificate_builder(PROFILES[role], subject, key.public_key(), now=now, issuer=above)
    certificate = sign_with(issuer.key, builder) if issuer else store.keys.sign_certificate(ISSUERS[role], builder)
    keyfiles.write_new_file(store.making / f"{role}.pem", certificate.public_bytes(Encoding.PEM))
    return Credential(key, certificate)


def _label(role: str, now: datetime) -> str:
    return f"{role}-{now:%Y%m%dT%H%M%SZ}"


def _write_answers(store: Store, role: Role, root: Credential, made: Mapping[Role, Credential], now: datetime) -> None:
    """What the root says of both authorities as they will be; the root is at hand, so both are fresh."""
    authorities = [made[each].certificate if each in made else store.keys.certificate(each) for each in AUTHORITIES]
    answers = authority_responses(root, authorities, store.keys.organisation, now)
    for each, answer in zip(AUTHORITIES, answers, strict=True):
        keyfiles.write_new_file(store.making / f"{each}.ocsp", answer)


def _retire(store: Store, replaced: list[Replaced], role: Role, root: Credential | None, now: datetime) -> None:
    """Write the last words: of the root on the authority, of the services CA on all that it issued."""
    folder = store.making / FOLDER
    leaving = [Retired(one.role, one.old, None) for one in replaced]
    if role == "services-ca":
        leaving += [one for one in store.keys.retired if one.last_word is None]
    for one in leaving:
        write_retired(folder, Retired(one.role, one.certificate, _last_word(store, one, role, root, now)))


def _last_word(store: Store, one: Retired, role: Role, root: Credential | None, now: datetime) -> bytes | None:
    if one.certificate.not_valid_after_utc <= now:
        return None
    if one.role in AUTHORITIES and root is not None:
        return authority_responses(root, [one.certificate], store.keys.organisation, now)[0]
    if role == "services-ca" and one.role not in AUTHORITIES:
        return good_response(store.keys, one.certificate, now, issuer="services-ca")
    return None

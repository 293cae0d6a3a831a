"""What every use case is given: database, keys, guard, timestamp authorities, trust file, clock.

Example::

    service = open_service(parse_settings(os.environ))
    sign_in(service, "lin@njupt.example", "…", address="192.0.2.7", agent="Firefox")

``open_service`` refuses to start on anything that is missing or does not fit together; it never makes anything.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from sqlalchemy.orm import Session

from signing_service.errors import ConfigurationError, ReplacedKeyError
from signing_service.evidence.trust import TrustFile, parse_trust_file
from signing_service.pdf.fonts import Fonts, find_fonts, open_fonts
from signing_service.pki.http_authority import HttpAuthority
from signing_service.pki.keystore import KeyStore, read_passphrase
from signing_service.pki.timestamps import BuiltInAuthority, TimestampAuthority, TimestampToken, first_token
from signing_service.pki.token import Token
from signing_service.record.note import Signer
from signing_service.settings import Settings
from signing_service.store import installation, publisher
from signing_service.store.database import Database
from signing_service.store.guard import PATIENCE, Guard
from signing_service.store.ledger import check_guard
from signing_service.store.migrations import check_schema
from signing_service.store.standing import newest_time
from signing_service.store.together import Together
from signing_service.store.wall_clock import WallClock
from signing_service.workflow import trust as trust_files
from signing_service.workflow.complaints import Complaints
from signing_service.workflow.oidc import RelyingParty
from signing_service.workflow.pace import Pace
from signing_service.workflow.prefixes import Prefixes
from signing_service.workflow.providers import read_providers
from signing_service.workflow.schedule import Schedule
from signing_service.workflow.witnesses import LogWitness, read_witnesses

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The time now, aware, UTC, to the second (nothing that the service writes is finer)."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Service:
    """The parts of a running service; made once a process, shared by its threads."""

    settings: Settings
    database: Database
    guard: Guard
    keys: KeyStore
    authorities: tuple[TimestampAuthority, ...]
    """Asked in order; the built-in one only where none is configured."""
    trust: TrustFile
    trust_bytes: bytes
    fonts: Fonts
    clock: Clock = system_clock
    prefixes: Prefixes = field(default_factory=Prefixes)
    schedule: Schedule = field(default_factory=Schedule)
    pace: Pace = field(default_factory=Pace)
    publications: Together[bytes] = field(default_factory=Together)
    complaints: Complaints = field(default_factory=Complaints)
    witnesses: tuple[LogWitness, ...] = ()
    """Those that are asked; which ones count, and how many are needed, the trust file says."""
    sign_on: Mapping[str, RelyingParty] = field(default_factory=dict)
    """Universities' single sign-on, by the provider's id."""

    @property
    def name(self) -> str:
        """The alliance's name, as certificates and mails say it."""
        return self.trust.name

    @property
    def record_signer(self) -> Signer:
        """Signs checkpoints under the record's origin."""
        return Signer(self.trust.record_origin, self.keys.record_signer())

    @property
    def independent_time(self) -> bool:
        """Whether timestamps come from authorities outside the service."""
        return bool(self.settings.timestamp_urls)

    def timestamp(self, digest: bytes) -> TimestampToken:
        """A checked RFC 3161 token over a SHA-256 digest; raises TimestampError. No transaction may be open."""
        return first_token(self.authorities, digest, self.clock())

    def publish(self) -> bytes:
        """Sign and release a checkpoint of everything committed so far; return it as a signed note."""
        return self.publications.run(self._publish, patience=PATIENCE)

    def _publish(self) -> bytes:
        signer = self.record_signer
        check = functools.partial(_check_record_key, signer)
        return publisher.publish(self.database, self.guard, signer, self.clock(), check)


def open_service(settings: Settings, clock: Clock = system_clock, wall_clock: WallClock | None = None) -> Service:
    """Open and check everything; raises ConfigurationError (KeyStoreError for keys) with the remedy, or ForkError.

    ``wall_clock``: that of an earlier process, which was compared with others (workflow.clock_check).
    """
    guard = Guard(settings.guard)
    database = installation.open_database(settings.database_url, guard=guard)
    database.wall_clock = wall_clock or database.wall_clock
    installed = installation.find_on(database)
    if installed is None:
        raise installation.missing()
    check_schema(database)
    database.check_durability()
    _check_identity(settings, installed.public_url)
    keys = open_keys(settings, clock())
    trust = parse_trust_file(installed.trust_file)
    _check_keys(settings, keys, trust)
    check_guard(database, guard)
    with database.read() as session:
        database.wall_clock.newest = newest_time(session)
    authorities = make_authorities(settings, keys)
    fonts = load_fonts(settings)
    witnesses = read_witnesses(settings)
    return Service(
        settings,
        database,
        guard,
        keys,
        authorities,
        trust,
        installed.trust_file,
        fonts,
        clock,
        witnesses=witnesses,
        sign_on=open_sign_on(settings),
    )


def open_sign_on(settings: Settings) -> dict[str, RelyingParty]:
    """The clients of the configured universities; nobody is asked yet. Raises ConfigurationError."""
    address = f"{settings.public_url}/sign-in/university"
    return {one.id: RelyingParty(one, f"{address}/{one.id}/return") for one in read_providers(settings)}


def open_keys(settings: Settings, now: datetime) -> KeyStore:
    """The service's keys, in files or in a token; raises KeyStoreError with the remedy."""
    return KeyStore.open(settings.keys, key_passphrase(settings), now, open_token(settings))


def key_passphrase(settings: Settings) -> bytes:
    """The passphrase of the keys; raises KeyStoreError where others may read the file that holds it, as for a key."""
    if settings.key_passphrase_file is None:
        return settings.require_key_passphrase().encode()
    return read_passphrase(settings.key_passphrase_file, settings.keys)


def open_token(settings: Settings) -> Token | None:
    """The PKCS#11 token that the settings name; it is logged in to when a key of it is used."""
    token = settings.token
    return Token(token.module, token.label, token.pin) if token else None


def load_fonts(settings: Settings) -> Fonts:
    """The fonts that agreements and signatures are drawn in; raises ConfigurationError where they are missing."""
    return open_fonts(settings.fonts or find_fonts(os.environ))


def make_authorities(settings: Settings, keys: KeyStore) -> tuple[TimestampAuthority, ...]:
    """The configured timestamp authorities in order, or the built-in one where there is none."""
    if not settings.timestamp_urls:
        return (BuiltInAuthority(keys),)
    anchors = read_anchors(settings.timestamp_anchors_file)
    return tuple(HttpAuthority(url, anchors) for url in settings.timestamp_urls)


def read_anchors(path: Path | None) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file; none for no file. Raises ConfigurationError."""
    if path is None:
        return ()
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"TIMESTAMP_ANCHORS_FILE: {path} cannot be read as PEM certificates") from error


def _check_identity(settings: Settings, public_url: str) -> None:
    if settings.public_url != public_url:
        raise ConfigurationError(
            f"PUBLIC_URL is {settings.public_url}, but this service was made as {public_url}",
            hint="set it back: the record's origin, every passkey and all trust files out there depend on it",
        )


def _check_record_key(signer: Signer, session: Session) -> None:
    current = installation.trust_file(session)
    if current is not None and trust_files.parse(current).record_key != signer.verifier_key:
        raise ReplacedKeyError(
            "the record's key was replaced while this process was running",
            hint="restart it: systemctl try-restart 'signing-service*', or docker compose restart service",
        )


def _check_keys(settings: Settings, keys: KeyStore, trust: TrustFile) -> None:
    if keys.root != trust.root or Signer(trust.record_origin, keys.record_signer()).verifier_key != trust.record_key:
        raise ConfigurationError(
            f"the keys in {settings.keys} are not those of this database",
            hint="an old copy, from before the record's key was rotated, or another service's: copy the folder from "
            "the machine where that was done, or from the newest backup",
        )

"""A world on each database; keys and password hashes are made once, since only their use is under test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from signing_service.pki.keystore import KeyStore
from signing_service.settings import parse_settings
from signing_service.store.tables import Person
from signing_service.workflow.initialisation import FirstOfficer, initialise
from signing_service.workflow.passwords import hash_password
from tests.cast import ALLIANCE, NOON, OFFICER, PASSPHRASE, PASSWORD, PUBLIC_URL
from tests.workflow.world import World


@pytest.fixture(scope="session")
def made_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of keys that were made at NOON."""
    folder = tmp_path_factory.mktemp("made") / "keys"
    KeyStore.create(folder, PASSPHRASE.encode(), ALLIANCE, NOON)
    return folder


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of the password that everybody in these tests has."""
    return hash_password(PASSWORD)


@pytest.fixture
def world(
    database_url: str, tmp_path: Path, made_keys: Path, password_hash: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A service with a draft agreement, its people and their passwords; the clock stands at NOON."""
    settings = parse_settings(
        {
            "SIGNING_SERVICE_PUBLIC_URL": PUBLIC_URL,
            "SIGNING_SERVICE_NAME": ALLIANCE,
            "SIGNING_SERVICE_DATABASE_URL": database_url,
            "SIGNING_SERVICE_KEYS": str(tmp_path / "keys"),
            "SIGNING_SERVICE_KEY_PASSPHRASE": PASSPHRASE,
            "SIGNING_SERVICE_GUARD": str(tmp_path / "guard-of-world"),
            "SIGNING_SERVICE_TRUST_FILE": str(tmp_path / "trust.json"),
        }
    )
    monkeypatch.setattr(KeyStore, "create", _copy_of(made_keys))
    made = initialise(settings, FirstOfficer(OFFICER.name, OFFICER.email), NOON)
    service = made.service
    object.__setattr__(service, "clock", lambda: NOON)
    world = World.of(service, made.officer_id)
    with service.database.begin() as session:
        session.execute(update(Person).values(password_hash=password_hash))
    yield world
    service.database.dispose()


def _copy_of(made: Path) -> Callable[..., KeyStore]:
    def create(directory: Path, passphrase: bytes, name: str, now: datetime) -> KeyStore:
        shutil.copytree(made, directory)
        return KeyStore.open(directory, passphrase, now.astimezone(UTC))

    return create

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
def make_world(
    database_url: str, tmp_path: Path, made_keys: Path, password_hash: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., World]]:
    """Makes a service with a draft agreement, its people and their passwords; the clock stands at NOON."""
    monkeypatch.setattr(KeyStore, "create", _copy_of(made_keys))
    made: list[World] = []

    def make(**given: str) -> World:
        usual = {
            "PUBLIC_URL": PUBLIC_URL,
            "NAME": ALLIANCE,
            "DATABASE_URL": database_url,
            "KEYS": str(tmp_path / "keys"),
            "KEY_PASSPHRASE": PASSPHRASE,
            "PASSWORD_NEEDS_CODE": "no",
            "GUARD": str(tmp_path / "guard-of-world"),
            "TRUST_FILE": str(tmp_path / "trust.json"),
        }
        settings = parse_settings({f"SIGNING_SERVICE_{name}": text for name, text in (usual | given).items()})
        initialised = initialise(settings, FirstOfficer(OFFICER.name, OFFICER.email), NOON)
        object.__setattr__(initialised.service, "clock", lambda: NOON)
        made.append(World.of(initialised.service, initialised.officer_id))
        with made[-1].service.database.begin() as session:
            session.execute(update(Person).values(password_hash=password_hash))
        return made[-1]

    yield make
    for world in made:
        world.service.database.dispose()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A service with a draft agreement, its people and their passwords; the clock stands at NOON."""
    return make_world()


def _copy_of(made: Path) -> Callable[..., KeyStore]:
    def create(directory: Path, passphrase: bytes, name: str, now: datetime) -> KeyStore:
        shutil.copytree(made, directory)
        return KeyStore.open(directory, passphrase, now.astimezone(UTC))

    return create

"""The key store's table (docs/configuration.md), a test a row: what start-up refuses, and what it says to do."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signing_service.errors import KeyStoreError
from signing_service.pki.authority import PROFILES
from signing_service.pki.keystore import KeyStore, read_passphrase
from tests.cast import ALLIANCE, NOON, PASSPHRASE

SECRET = PASSPHRASE.encode()
CERTIFICATES = [f"{role}.pem" for role in PROFILES]
KEYS = [f"{role}.key" for role in (*PROFILES, "record")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("made") / "keys"
    KeyStore.create(directory, SECRET, ALLIANCE, NOON)
    return directory


@pytest.fixture
def keys(made: Path, tmp_path: Path) -> Path:
    """A copy that the test may spoil."""
    return Path(shutil.copytree(made, tmp_path / "keys"))


def refusal(keys: Path, passphrase: bytes = SECRET, now=NOON) -> KeyStoreError:
    with pytest.raises(KeyStoreError) as caught:
        KeyStore.open(keys, passphrase, now)
    assert caught.value.hint, "a refusal at start says what to do"
    return caught.value


def test_what_was_made_opens_again(made: Path) -> None:
    keystore = KeyStore.open(made, SECRET, NOON)
    assert keystore.seal.subject.rfc4514_string().count(ALLIANCE.replace(",", "\\,")) == 2
    signature = keystore.sign("seal", b"words")
    key = keystore.seal.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, b"words", ec.ECDSA(hashes.SHA256()))
    assert keystore.record_signer().sign(b"words")


def test_directory_and_files_are_their_owners_alone(made: Path) -> None:
    assert made.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in made.iterdir()} == {0o600}


def test_every_private_key_is_encrypted(made: Path) -> None:
    assert all(b"BEGIN ENCRYPTED PRIVATE KEY" in (made / name).read_bytes() for name in KEYS)
    assert not any(b"BEGIN PRIVATE KEY" in path.read_bytes() for path in made.iterdir())


def test_keys_are_never_made_twice(made: Path) -> None:
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    with pytest.raises(KeyStoreError, match="never made twice"):
        KeyStore.create(made, SECRET, ALLIANCE, NOON)
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


def test_one_file_left_over_is_enough_to_refuse_making_keys(tmp_path: Path) -> None:
    (tmp_path / "seal.pem").write_text("left over")
    with pytest.raises(KeyStoreError, match=r"seal\.pem already"):
        KeyStore.create(tmp_path, SECRET, ALLIANCE, NOON)


def test_a_readme_in_the_directory_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing secret")
    KeyStore.create(tmp_path, SECRET, ALLIANCE, NOON)
    KeyStore.open(tmp_path, SECRET, NOON)


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyStoreError, match="passphrase of the keys has 5 bytes"):
        KeyStore.create(tmp_path / "keys", b"short", ALLIANCE, NOON)


def test_no_key_folder(tmp_path: Path) -> None:
    error = refusal(tmp_path / "keys")
    assert "keys is missing" in error.message
    assert "signing-service init" in error.hint


def test_folder_open_to_others(keys: Path) -> None:
    keys.chmod(0o750)
    error = refusal(keys)
    assert "is open to others (mode 0750)" in error.message
    assert error.hint == f"chmod 700 {keys}"


@pytest.mark.parametrize("name", [*KEYS, *CERTIFICATES, "record.pub", "issuing-ca.ocsp"])
def test_a_file_that_is_not_there(keys: Path, name: str) -> None:
    (keys / name).unlink()
    error = refusal(keys)
    assert f"{name} is missing" in error.message
    assert "backup" in error.hint


@pytest.mark.parametrize("name", KEYS)
def test_a_key_file_that_others_may_read(keys: Path, name: str) -> None:
    (keys / name).chmod(0o640)
    error = refusal(keys)
    assert f"{name} is readable by others (mode 0640)" in error.message
    assert "chmod 600" in error.hint


def test_a_key_that_is_not_encrypted(keys: Path) -> None:
    key = serialization.load_pem_private_key((keys / "seal.key").read_bytes(), SECRET)
    (keys / "seal.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    assert "seal.key is not encrypted" in refusal(keys).message


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_cannot_be_read(keys: Path, name: str) -> None:
    pem = (keys / name).read_bytes()
    (keys / name).write_bytes(pem[:60] + b"AAAA" + pem[64:])
    assert f"{name} cannot be decrypted: it is corrupt or the passphrase is wrong" in refusal(keys).message


def test_a_wrong_passphrase(keys: Path) -> None:
    assert "it is corrupt or the passphrase is wrong" in refusal(keys, b"not the passphrase").message


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_damaged_certificate(keys: Path, name: str) -> None:
    (keys / name).write_bytes((keys / name).read_bytes()[:200])
    assert f"{name} is corrupt: it holds no certificate" in refusal(keys).message


def test_a_damaged_public_key_of_the_record(keys: Path) -> None:
    (keys / "record.pub").write_bytes(b"nothing")
    assert "record.pub is corrupt" in refusal(keys).message


def test_a_damaged_answer_about_an_authority(keys: Path) -> None:
    (keys / "issuing-ca.ocsp").write_bytes(b"nothing")
    assert "issuing-ca.ocsp is corrupt" in refusal(keys).message


def test_key_and_certificate_of_different_origin(keys: Path) -> None:
    shutil.copy(keys / "timestamp.key", keys / "seal.key")
    assert "seal.key is mismatched: it does not belong to seal.pem" in refusal(keys).message


def test_a_record_key_that_is_another(keys: Path, tmp_path: Path) -> None:
    KeyStore.create(tmp_path / "other", SECRET, ALLIANCE, NOON)
    shutil.copy(tmp_path / "other" / "record.key", keys / "record.key")
    assert "record.key is mismatched: it does not belong to record.pub" in refusal(keys).message


def test_a_record_key_of_the_wrong_kind(keys: Path) -> None:
    shutil.copy(keys / "seal.key", keys / "record.key")
    assert "record.key is mismatched: it holds another kind of key" in refusal(keys).message


def test_a_seal_key_of_the_wrong_kind(keys: Path) -> None:
    shutil.copy(keys / "record.key", keys / "seal.key")
    assert "seal.key is mismatched: it holds another kind of key" in refusal(keys).message


def test_a_certificate_of_another_root(keys: Path, tmp_path: Path) -> None:
    KeyStore.create(tmp_path / "other", SECRET, ALLIANCE, NOON)
    for name in ("seal.key", "seal.pem"):
        shutil.copy(tmp_path / "other" / name, keys / name)
    assert "seal.pem is mismatched: it was not issued by services-ca.pem" in refusal(keys).message


def test_two_files_swapped(keys: Path) -> None:
    for suffix in (".key", ".pem"):
        os.rename(keys / f"seal{suffix}", keys / "spare")
        os.rename(keys / f"timestamp{suffix}", keys / f"seal{suffix}")
        os.rename(keys / "spare", keys / f"timestamp{suffix}")
    assert "seal.pem is mismatched: it is no seal certificate" in refusal(keys).message


def test_answers_about_authorities_swapped(keys: Path) -> None:
    shutil.copy(keys / "services-ca.ocsp", keys / "issuing-ca.ocsp")
    assert "issuing-ca.ocsp is mismatched: it is not about issuing-ca.pem" in refusal(keys).message


def test_a_certificate_from_the_future(keys: Path) -> None:
    error = refusal(keys, now=NOON - timedelta(days=1))
    assert "is not valid before 2025-04-11T04:00:00Z" in error.message
    assert "it is 2025-04-10T04:00:00Z by the clock of this machine" in error.hint


def test_an_expired_certificate(keys: Path) -> None:
    error = refusal(keys, now=NOON + timedelta(days=10 * 365 + 1))
    assert "seal.pem is expired since 2035-04-09T04:00:00Z" in error.message
    assert "rotate seal" in error.hint
    assert "it is 2035-04-10T04:00:00Z by the clock of this machine: set it if that is wrong" in error.hint


def test_a_root_key_moved_offline_on_purpose_is_not_missed(keys: Path) -> None:
    (keys / "root.key").unlink()
    (keys / "root.offline").touch()
    keystore = KeyStore.open(keys, SECRET, NOON)
    assert keystore.sign("timestamp", b"words")
    with pytest.raises(KeyStoreError, match="key of root is offline"):
        keystore.sign("root", b"words")


def test_a_passphrase_file_is_read_without_its_line_feed(keys: Path, tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o600)
    assert read_passphrase(path, keys) == SECRET


def test_a_passphrase_file_beside_the_keys(keys: Path) -> None:
    path = keys / "passphrase"
    path.write_text(PASSPHRASE)
    path.chmod(0o600)
    with pytest.raises(KeyStoreError, match="lies in the directory of the keys"):
        read_passphrase(path, keys)


def test_a_passphrase_file_that_others_may_read(keys: Path, tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE)
    path.chmod(0o644)
    with pytest.raises(KeyStoreError, match="readable by others"):
        read_passphrase(path, keys)


def test_a_passphrase_file_that_is_not_there_or_empty(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyStoreError, match="is missing"):
        read_passphrase(tmp_path / "passphrase", keys)
    (tmp_path / "passphrase").touch(mode=0o600)
    with pytest.raises(KeyStoreError, match="0 bytes"):
        read_passphrase(tmp_path / "passphrase", keys)


def test_only_authorities_sign_certificates(made: Path) -> None:
    keystore = KeyStore.open(made, SECRET, NOON)
    with pytest.raises(KeyStoreError, match="seal is no certificate authority"):
        keystore.sign_certificate("seal", None)  # type: ignore[arg-type]


def test_a_key_store_shows_nothing_of_its_keys(made: Path) -> None:
    assert repr(KeyStore.open(made, SECRET, NOON)).startswith("<KeyStore of CN=")


def test_the_page_for_administrators_has_each_refusal(checkout: Path) -> None:
    page = (checkout / "docs" / "configuration.md").read_text()
    for words in (
        "keys directory keys is missing", "keys directory keys is open to others", "keys/seal.key is missing",
        "keys/seal.key is readable by others", "keys/seal.key is not encrypted",
        "keys/seal.key cannot be decrypted: it is corrupt or the passphrase is wrong",
        "keys/seal.pem is corrupt: it holds no certificate",
        "keys/seal.key is mismatched: it does not belong to seal.pem", "keys/seal.pem is mismatched",
        "keys/issuing-ca.ocsp is mismatched: it is not about issuing-ca.pem",
        "keys/seal.pem is not valid before", "keys/seal.pem is expired since", "lies in the directory of the keys",
    ):  # fmt: skip
        assert words in page

"""Keys in a PKCS#11 token (SoftHSM2): they sign like those in files and never come out."""

from __future__ import annotations

import itertools
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signing_service.errors import KeyStoreError, UnavailableError
from signing_service.pki import rotation
from signing_service.pki.authority import OneTimeSubject, issue_one_time
from signing_service.pki.keystore import KeyStore
from signing_service.pki.ocsp import good_response
from signing_service.pki.timestamps import BuiltInAuthority
from signing_service.pki.token import Token
from signing_service.workflow import codes
from tests.cast import ALLIANCE, NOON, PASSPHRASE
from tests.workflow.world import OneTimeKey

MODULE = next(path for path in Path("/usr/lib").rglob("libsofthsm2.so"))
PIN = "482913"
LABEL = "signing"
_SECONDS = itertools.count(1)  # labels carry the time, and one token serves all tests here


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Token:
    """A fresh SoftHSM2 token; the library reads SOFTHSM2_CONF once a process."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    command = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "99887766"]
    subprocess.run(command, check=True, capture_output=True)
    return Token(MODULE, LABEL, PIN)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    KeyStore.create(folder, PASSPHRASE.encode(), ALLIANCE, NOON)
    return folder


def in_token(keys: Path, token: Token, role: str) -> KeyStore:
    """The key store after ``role`` was rotated into the token."""
    passphrase = PASSPHRASE.encode()
    store = rotation.Store(keys, passphrase, KeyStore.open(keys, passphrase, NOON, token), token)
    moment = NOON + timedelta(seconds=next(_SECONDS))
    if role == "record":
        rotation.prepare_record(store, moment)
    else:
        rotation.prepare(store, role, moment)  # type: ignore[arg-type]
    rotation.commit(keys)
    return KeyStore.open(keys, passphrase, moment, token)


def test_the_seal_signs_from_the_token(keys: Path, token: Token) -> None:
    store = in_token(keys, token, "seal")
    signature = store.sign("seal", b"attributes")
    key = store.seal.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, b"attributes", ec.ECDSA(hashes.SHA256()))
    assert not (keys / "seal.key").exists()


def test_a_session_that_the_token_has_ended_is_opened_anew(keys: Path, token: Token) -> None:
    store = in_token(keys, token, "seal")
    with token.session() as session:
        session.close()
    assert store.sign("seal", b"attributes")


def test_the_issuing_ca_issues_from_the_token(keys: Path, token: Token) -> None:
    store = in_token(keys, token, "issuing-ca")
    spki = OneTimeKey().spki
    subject = OneTimeSubject("an-agreement", "njupt", "president", "A University", "CN", "Lin Shuyi")
    certificate = issue_one_time(store, spki, subject, NOON)
    certificate.verify_directly_issued_by(store.issuing_ca)
    assert good_response(store, certificate, NOON)


def test_the_timestamp_authority_stamps_from_the_token(keys: Path, token: Token) -> None:
    store = in_token(keys, token, "timestamp")
    assert BuiltInAuthority(store).timestamp(bytes(32), store.timestamp.not_valid_before_utc).der


def test_the_record_is_signed_from_the_token_with_ed25519(keys: Path, token: Token) -> None:
    signer = in_token(keys, token, "record").record_signer()
    signer.public_key().verify(signer.sign(b"checkpoint"), b"checkpoint")


def test_a_key_goes_back_from_the_token_into_a_file(keys: Path, token: Token) -> None:
    in_token(keys, token, "seal")
    passphrase = PASSPHRASE.encode()
    later = NOON + timedelta(hours=1)
    store = rotation.Store(keys, passphrase, KeyStore.open(keys, passphrase, later, token))
    rotation.prepare(store, "seal", later)
    rotation.commit(keys)
    assert not (keys / "seal.token").exists()
    KeyStore.open(keys, passphrase, later)


def test_a_key_never_leaves_the_token(token: Token) -> None:
    key = token.make_signing_key("kept")
    with pytest.raises(KeyStoreError, match="never leaves"):
        key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def test_a_key_is_not_made_twice(token: Token) -> None:
    token.make_record_key("once")
    with pytest.raises(KeyStoreError, match="holds a key called 'once' already"):
        token.make_record_key("once")


def test_a_missing_key_is_named(token: Token) -> None:
    with pytest.raises(KeyStoreError, match="holds 0 keys called 'lost'"):
        token.signing_key("lost")


def test_without_settings_of_a_token_the_store_says_what_is_missing(keys: Path, token: Token) -> None:
    in_token(keys, token, "seal")
    with pytest.raises(KeyStoreError, match="is in a PKCS#11 token, but none is configured"):
        KeyStore.open(keys, PASSPHRASE.encode(), NOON + timedelta(hours=1))


def test_a_wrong_pin_is_an_answer_and_no_traceback(token: Token) -> None:
    with pytest.raises(UnavailableError, match="the token 'signing' refuses"):
        Token(MODULE, LABEL, "000000").signing_key("kept")


def test_a_library_that_is_not_there_is_named(tmp_path: Path, token: Token) -> None:
    with pytest.raises(KeyStoreError, match="is missing"):
        Token(tmp_path / "libnone.so", LABEL, PIN).signing_key("kept")


def test_another_token_is_named(token: Token) -> None:
    with pytest.raises(UnavailableError, match="the token 'other' refuses"):
        Token(MODULE, "other", PIN).signing_key("kept")


def test_after_a_fork_the_child_signs_too(token: Token) -> None:
    """As gunicorn's processes do, whose parent opened the keys to check them."""
    key = token.make_signing_key("forked")
    key.sign(b"parent", ec.ECDSA(hashes.SHA256()))
    child = os.fork()
    if child == 0:
        try:
            key.public_key().verify(key.sign(b"child", ec.ECDSA(hashes.SHA256())), b"child", ec.ECDSA(hashes.SHA256()))
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_records_key_in_a_token_signs_alike_each_time_so_that_it_seals_the_seeds_of_codes(keys: Path, token: Token):
    signer = in_token(keys, token, "record").record_signer()
    assert signer.sign(b"seeds") == signer.sign(b"seeds")
    sealed = codes.seal(signer, "a seed", b"Lin")
    assert codes.unsealed(signer, sealed, b"Lin") == "a seed"
    assert codes.unsealed(signer, sealed, b"Somchai") is None

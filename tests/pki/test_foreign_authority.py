"""Other people's timestamp authorities: openssl's with RSA keys is believed, and openssl believes what we keep."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.pki.http_authority import HttpAuthority
from signing_service.pki.timestamp_check import check_response
from signing_service.pki.timestamps import request_timestamp
from tests.cast import NOON
from tests.pki.authorities import AUTHORITY, HONEST, ROOT, Behaviour, Stamper, served
from tests.pki.judges import at_time, openssl, write_pem

DIGEST = hashlib.sha256(b"a signature's value").digest()

CONFIGURATION = """
[ tsa ]
default_tsa = world
[ world ]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/chain.pem
signer_key = {folder}/tsa.key
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""


@pytest.mark.parametrize(("key", "digest", "ess"), [("rsa:2048", "sha256", "sha1"), ("rsa:3072", "sha512", "sha256")])
def test_an_authority_made_of_openssl_and_rsa_is_believed(tmp_path: Path, key: str, digest: str, ess: str) -> None:
    """Another program's tokens: RSA, NULL parameters, signing-time, the authority's name, the root sent along."""
    root, tsa = tmp_path / "root.pem", tmp_path / "tsa.pem"
    new = ("req", "-x509", "-newkey", key, "-nodes", "-days", "30")
    openssl(*new, "-keyout", tmp_path / "root.key", "-out", root, "-subj", "/CN=RSA root")
    openssl(
        *new, "-keyout", tmp_path / "tsa.key", "-out", tsa, "-subj", "/CN=RSA stamper", "-CA", root, "-CAkey",
        tmp_path / "root.key", "-addext", "basicConstraints=critical,CA:FALSE",
        "-addext", "extendedKeyUsage=critical,timeStamping",
    )  # fmt: skip
    (tmp_path / "chain.pem").write_bytes(root.read_bytes())
    (tmp_path / "serial").write_text("01")
    (tmp_path / "tsa.cnf").write_text(CONFIGURATION.format(folder=tmp_path, digest=digest, ess=ess))

    def reply(request: bytes) -> bytes:
        (tmp_path / "query").write_bytes(request)
        openssl(
            "ts", "-reply", "-config", tmp_path / "tsa.cnf", "-queryfile", tmp_path / "query",
            "-out", tmp_path / "reply",
        )  # fmt: skip
        return (tmp_path / "reply").read_bytes()

    anchor = x509.load_pem_x509_certificate(root.read_bytes())
    with served(Behaviour(reply)) as url:
        token = HttpAuthority(url, [anchor]).timestamp(DIGEST, datetime.now(UTC))
    assert token.authority == "RSA stamper"
    assert anchor.public_bytes(Encoding.DER) not in token.der
    (tmp_path / "token").write_bytes(token.der)
    verify = ("ts", "-verify", "-token_in", "-in", tmp_path / "token", "-digest", DIGEST.hex(), "-CAfile", root)
    assert "Verification: OK" in openssl(*verify)


def test_openssl_verifies_a_token_whose_spare_certificates_were_taken_off(tmp_path: Path) -> None:
    talkative = Stamper(chain=(HONEST, AUTHORITY.certificate, ROOT.certificate))
    token = check_response(talkative(request_timestamp(DIGEST, 6)), DIGEST, 6, [ROOT.certificate], NOON)
    (tmp_path / "token").write_bytes(token.der)
    root = write_pem(tmp_path / "root.pem", ROOT.certificate)
    words = ("-in", tmp_path / "token", "-digest", DIGEST.hex(), "-CAfile", root, *at_time(NOON))
    assert "Verification: OK" in openssl("ts", "-verify", "-token_in", *words)

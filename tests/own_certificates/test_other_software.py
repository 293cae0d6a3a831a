"""Software that the project does not use signs the field: accepted when it conforms, else refused with the reason."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signing_service.errors import ForbiddenChangeError, NonconformingSignatureError, UploadError
from signing_service.verify.own_upload import Accepted, Upload, judge_upload
from signing_service.verify.trust import Trust
from tests.cast import LIN
from tests.own_certificates.authority import Authority, Identity, rsa_key
from tests.own_certificates.test_in_the_browser import walked
from tests.pdf.sealed_document import Ceremony

BIN = Path(sys.executable).parent
SECRET = "a secret that only the tests use"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def folder(tmp_path: Path, stored: bytes, lin: Identity) -> Path:
    """What Lin has."""
    lay_out(tmp_path, stored, lin)
    return tmp_path


def lay_out(folder: Path, stored: bytes, lin: Identity) -> None:
    """What a person has: the downloaded PDF, key and certificate in the usual files."""
    key = lin.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    contents = {
        "to-sign.pdf": stored,
        "own.p12": lin.pkcs12(SECRET),
        "secret": SECRET.encode(),
        "key.pem": key,
        "key.pk8": lin.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "own.der": lin.der,
        "own.pem": lin.pem.encode(),
        "root.der": lin.issuer.public_bytes(Encoding.DER),
        "root.pem": lin.issuer.public_bytes(Encoding.PEM),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)


def run(folder: Path, *command: str, **environment: str) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, env={"PATH": "/usr/bin:/bin", **environment}
    )
    assert done.returncode == 0, done.stdout + done.stderr


def judged(folder: Path, stored: bytes, expected: Upload, trust: Trust) -> Accepted:
    uploaded = (folder / "signed.pdf").read_bytes()
    return judge_upload(stored, uploaded, expected, trust, datetime.now(UTC))


def pyhanko_signs(folder: Path, signer: str) -> None:
    """By its command line, with key and certificate in a PKCS#12 file."""
    command = [str(BIN / "pyhanko"), "sign", "addsig", "--field", signer, "--use-pades"]
    run(folder, *command, "pkcs12", "--passfile", "secret", "to-sign.pdf", "signed.pdf", "own.p12")


def test_pyhankos_command_line_with_pkcs12(folder: Path, stored: bytes, expected: Upload, trust: Trust) -> None:
    pyhanko_signs(folder, LIN.signer)
    assert judged(folder, stored, expected, trust).path[0].subject_text == "LIN Shuyi"


def test_pyhankos_command_line_with_a_token(
    folder: Path, stored: bytes, expected: Upload, trust: Trust, lin: Identity
) -> None:
    """A smart card, as far as PKCS#11 can tell: SoftHSM2."""
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    settings = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
    pin = ["--pin", "1234"]
    run(folder, "softhsm2-util", "--init-token", "--free", "--label", "card", "--so-pin", "1234", *pin, **settings)
    key = ["--import", "key.pem", "--token", "card", "--label", "own", "--id", "01"]
    run(folder, "softhsm2-util", *key, *pin, **settings)
    (folder / "card.py").write_text(_PUT_CERTIFICATE)
    run(folder, sys.executable, "card.py", MODULE, **settings)
    command = [str(BIN / "pyhanko"), "sign", "addsig", "--field", LIN.signer, "--use-pades", "pkcs11"]
    command += ["--lib", MODULE, "--token-label", "card", "--cert-label", "own"]
    command += ["--raw-mechanism", "to-sign.pdf", "signed.pdf"]  # SoftHSM2 hashes nothing for ECDSA
    run(folder, *command, PYHANKO_PKCS11_PIN="1234", **settings)
    assert judged(folder, stored, expected, trust).path[0].der == lin.der


MODULE = "/usr/lib/softhsm/libsofthsm2.so"
_PUT_CERTIFICATE = """
import sys
from pathlib import Path
import pkcs11
from pkcs11.util.x509 import decode_x509_certificate
token = pkcs11.lib(sys.argv[1]).get_token(token_label="card")
with token.open(rw=True, user_pin="1234") as session:
    values = decode_x509_certificate(Path("own.der").read_bytes())
    session.create_object({**values, pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.LABEL: "own",
                           pkcs11.Attribute.ID: b"\\x01"})
"""


def pdfbox(folder: Path, *options: str, signer: str = LIN.signer) -> None:
    script = [sys.executable, "-m", "tests.own_certificates.pdfbox_signer"]
    files = ["to-sign.pdf", "signed.pdf", signer, "key.pk8", "own.der", "root.der"]
    run(folder, *script, *files, *options, PYTHONPATH=str(ROOT))


def test_pdfbox_with_bouncy_castle(
    folder: Path, stored: bytes, expected: Upload, trust: Trust, ceremony: Ceremony
) -> None:
    """It rewrites the page too, with all annotations as they were; browsers must see that it did no more."""
    pdfbox(folder)
    accepted = judged(folder, stored, expected, trust)
    assert accepted.path[0].subject_text == "LIN Shuyi"
    told = walked(ceremony, (folder / "signed.pdf").read_bytes(), folder)
    assert (told["startxref"], told["size"]) == (accepted.startxref, accepted.size)


@pytest.mark.parametrize(
    ("option", "error", "reason"),
    [
        ("--signing-time", NonconformingSignatureError, "no signed attribute signing-time"),
        ("--new-field", ForbiddenChangeError, "more than a signature|new field"),
    ],
)
def test_pdfbox_used_otherwise_is_refused(
    folder: Path, stored: bytes, expected: Upload, trust: Trust, option: str, error: type[UploadError], reason: str
) -> None:
    pdfbox(folder, option)
    with pytest.raises(error, match=reason):
        judged(folder, stored, expected, trust)


def test_what_pdfsig_signs_is_refused_with_its_reason(
    folder: Path, stored: bytes, expected: Upload, trust: Trust, authority: Authority
) -> None:
    (folder / "own.p12").write_bytes(authority.issue("LIN Shuyi", key=rsa_key()).pkcs12(SECRET))
    pdfsig_signs(folder, LIN.signer)
    with pytest.raises(UploadError) as caught:
        judged(folder, stored, expected, trust)
    assert "adbe.pkcs7.detached" in str(caught.value), str(caught.value)


def pdfsig_signs(folder: Path, signer: str) -> None:
    """Poppler's, with an RSA key out of an NSS database."""
    (folder / "nss").mkdir()
    run(folder, "certutil", "-N", "-d", "sql:nss", "--empty-password")
    run(folder, "pk12util", "-i", "own.p12", "-d", "sql:nss", "-W", SECRET, "-K", "")
    command = ["pdfsig", "to-sign.pdf", "signed.pdf", "-nssdir", "sql:nss", "-sign", signer, "-nick", "own"]
    run(folder, *command, "-nss-pwd", "")

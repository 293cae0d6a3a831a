"""Other containers in the place of a signature's own: what openssl makes, and what nobody should make.

uploaded = with_container(pyhanko_signer.sign(…, room=12000), lambda covered: openssl_cms(identity, covered))
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.own_certificates.authority import Identity

ROOM = 16000  # hexadecimal digits of /Contents, so that other containers fit
_CONTENTS = re.compile(rb"/Contents <([0-9A-Fa-f]+)>")


def with_container(pdf: bytes, make: Callable[[bytes], bytes]) -> bytes:
    """Replace the newest signature's container by what ``make`` gives for the bytes that ByteRange covers."""
    found = list(_CONTENTS.finditer(pdf))[-1]
    start, stop = found.span(1)
    container = make(pdf[: start - 1] + pdf[stop + 1 :])
    digits = container.hex().encode().ljust(stop - start, b"0")
    assert len(digits) == stop - start, "there is not enough room"
    return pdf[:start] + digits + pdf[stop:]


def openssl_cms(identity: Identity, covered: bytes, *options: str) -> bytes:
    """A detached container by ``openssl cms``."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate, data = (Path(folder) / name for name in ("key.pem", "certificate.pem", "data"))
        key.write_bytes(identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        certificate.write_bytes(identity.certificate.public_bytes(Encoding.PEM))
        data.write_bytes(covered)
        command = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256", "-nosmimecap"]
        command += ["-signer", str(certificate), "-inkey", str(key), "-in", str(data), *options]
        return subprocess.run(command, check=True, capture_output=True).stdout

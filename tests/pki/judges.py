"""Other people's programs that judge what we made."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def openssl(*words: str | Path, expect: int = 0) -> str:
    """Run ``openssl`` and give what it said; fails the test unless it exits with ``expect``."""
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, errors="replace", check=False)
    said = done.stdout + done.stderr
    assert done.returncode == expect, said
    return said


def write_pem(path: Path, *certificates: x509.Certificate) -> Path:
    path.write_bytes(b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates))
    return path


def at_time(moment: datetime) -> tuple[str, str]:
    """The words that tell openssl to judge as of ``moment``."""
    return "-attime", str(int(moment.timestamp()))

"""The trust file as it stands: read from the database each time, since officers come and go while machines run."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from sqlalchemy.orm import Session

from signing_service.encoding import sha256_hex
from signing_service.errors import NotAllowedError
from signing_service.evidence.succession import verify_succession
from signing_service.evidence.trust import TrustFile, parse_trust_file
from signing_service.store import installation


@functools.lru_cache(maxsize=8)
def parse(data: bytes) -> TrustFile:
    """Parse a trust file; each one once, since the same is asked for again and again."""
    return parse_trust_file(data)


def current_bytes(session: Session, *, hold: bool = False) -> bytes:
    """The bytes of the current trust file; ``hold``: nobody replaces it until commit."""
    found = installation.trust_file(session, hold=hold)
    if found is None:
        raise installation.missing()
    return found


def current(session: Session) -> TrustFile:
    """The current trust file."""
    return parse(current_bytes(session))


def check_in_office(session: Session, officer_id: str) -> None:
    """Raise NotAllowedError for an officer who left while this act waited for the log, which it holds by now."""
    named = current(session).officer(officer_id)
    if named is not None and named.until is not None:
        raise NotAllowedError("only an officer of the secretariat may do this")


def replace_by(session: Session, successor: bytes) -> dict[str, object]:
    """Store a successor within the caller's transaction; give the members of its ``trust-file`` event.

    Raises VerificationError unless it succeeds exactly the file that is stored now, whoever else is replacing it.
    """
    trust = verify_succession(current_bytes(session, hold=True), successor)
    installation.replace_trust_file(session, successor)
    return {"file": trust.to_value(), "sha256": sha256_hex(successor)}


def write_copy(path: Path, data: bytes) -> None:
    """Write the trust file where ``init`` put the first one, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(data)
    os.replace(beside, path)

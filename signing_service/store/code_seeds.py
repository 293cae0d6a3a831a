"""Where the seed of a person's one-time codes stands, for every step of signing; the seed itself stays unread."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.orm import Session

from signing_service.errors import NotFoundError
from signing_service.store.driver import Driver

_SECRETS = (
    "SELECT p.password_hash, p.ended IS NULL, c.confirmed IS NOT NULL, c.admitted IS NOT NULL "
    "FROM people AS p LEFT JOIN code_seeds AS c ON c.person = p.id WHERE p.id = :person"
)
_STANDING = "SELECT confirmed IS NOT NULL, admitted IS NOT NULL FROM code_seeds WHERE person = :person"


class Standing(NamedTuple):
    """How far a seed has come."""

    confirmed: bool
    """The person has typed a right code of it."""
    admitted: bool
    """An officer has let it approve signatures."""


def standing(session: Session, person_id: str) -> Standing:
    """Where the person's seed stands; neither where there is none."""
    session.flush()
    row = Driver.of(session).row(_STANDING, {"person": person_id})
    return Standing(False, False) if row is None else Standing(bool(row[0]), bool(row[1]))


class Secrets(NamedTuple):
    """What a person can approve with, passkeys aside."""

    password_hash: str | None
    """None where the person has none, or has left."""
    codes: Standing


def secrets(session: Session, person_id: str) -> Secrets:
    """The same together with the person's password; raises NotFoundError."""
    session.flush()
    row = Driver.of(session).row(_SECRETS, {"person": person_id})
    if row is None:
        raise NotFoundError("there is no such person")
    return Secrets(row[0] if row[1] else None, Standing(bool(row[2]), bool(row[3])))

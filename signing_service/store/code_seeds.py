"""Where the seed of a person's one-time codes stands, for every step of signing; the seed itself stays unread."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.orm import Session

from signing_service.store.driver import Driver

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
    row = Driver(session.connection()).row(_STANDING, {"person": person_id})
    return Standing(False, False) if row is None else Standing(bool(row[0]), bool(row[1]))

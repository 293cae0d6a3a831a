"""The service in figures, for a monitoring system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from signing_service.pki.authority import PROFILES
from signing_service.store import acts, listing, outbox, publisher
from signing_service.store.ledger import read_frontier
from signing_service.workflow.service import Service

STATES = ("waiting", "sent", "failed")  # of mails; each is always shown
COUNTED = timedelta(minutes=5)  # between two counts of what was sent


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, and an end as seconds since 1970."""

    mails: dict[str, float]
    entries: int
    published: int
    awaiting_archive: int
    proof_end: float | None
    """The earliest end of an archived agreement's newest timestamp; None where nothing is archived."""


def read_figures(service: Service) -> Figures:
    """Read them in one snapshot; the mails that were sent, which are ever more, are counted once in a while."""
    with service.database.read() as session:
        newest, ends = publisher.newest(session), listing.first_end(session)
        return Figures(
            mails={state: _mails(service, session, state) for state in STATES},
            entries=read_frontier(session).size,
            published=newest.size if newest else 0,
            awaiting_archive=len(acts.awaiting_archive(session)),
            proof_end=ends.timestamp() if ends else None,
        )


def key_ends(service: Service) -> dict[str, float]:
    """The end of each key's certificate, by role; no database is asked."""
    return {role: service.keys.certificate(role).not_valid_after_utc.timestamp() for role in PROFILES}


def _mails(service: Service, session: Session, state: str) -> int:
    if state != "sent":
        return outbox.count(session, state)
    return service.schedule.kept("mails sent", service.clock(), COUNTED, lambda: outbox.count(session, state))

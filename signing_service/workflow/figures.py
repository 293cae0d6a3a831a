"""The service in figures, for a monitoring system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from signing_service.pki.authority import PROFILES
from signing_service.store import acts, outbox, publisher
from signing_service.store.ledger import read_frontier
from signing_service.workflow.renewal import standings
from signing_service.workflow.service import Service

STATES = ("waiting", "sent", "failed")  # of mails; each is always shown
LOOK = timedelta(hours=1)  # between two looks at all archived agreements


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, and ends as seconds since 1970."""

    mails: dict[str, float]
    entries: int
    published: int
    awaiting_archive: int
    key_ends: dict[str, float]
    proof_end: float | None
    """The earliest end of an archived agreement's newest timestamp; None where nothing is archived."""


def read_figures(service: Service) -> Figures:
    """Read them in one snapshot, but for ``proof_end``, which is looked up once an hour."""
    with service.database.read() as session:
        counts = outbox.counts(session)
        newest = publisher.newest(session)
        return Figures(
            mails={state: counts.get(state, 0) for state in STATES},
            entries=read_frontier(session).size,
            published=newest.size if newest else 0,
            awaiting_archive=len(acts.awaiting_archive(session)),
            key_ends={role: service.keys.certificate(role).not_valid_after_utc.timestamp() for role in PROFILES},
            proof_end=_proof_end(service),
        )


def _proof_end(service: Service) -> float | None:
    def look() -> float | None:
        found = standings(service)
        return found[0].until.timestamp() if found else None

    return service.schedule.kept("proof end", service.clock(), LOOK, look)

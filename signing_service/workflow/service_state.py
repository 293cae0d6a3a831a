"""How the service does, for its operator: parts, record, mails, sessions; no agreement's name and no person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from signing_service.store import outbox, sessions
from signing_service.workflow.figures import Figures, read_figures
from signing_service.workflow.readiness import Part, readiness
from signing_service.workflow.service import Service
from signing_service.workflow.witnessing import WitnessStatus, witnesses_of

FAILED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class FailedMail:
    """A mail that could not be delivered: of what kind, to which mail server, why; never to whom about what."""

    kind: str
    domain: str
    created: datetime
    error: str


@dataclass(frozen=True, slots=True)
class ServiceState:
    """All that the operator's page shows."""

    parts: tuple[Part, ...]
    figures: Figures
    witnesses: tuple[WitnessStatus, ...]
    failed: tuple[FailedMail, ...]
    """The newest FAILED_SHOWN of them."""
    sessions: int
    """Browsers that are signed in."""
    now: datetime

    @property
    def problems(self) -> int:
        """How many parts are not as they should be."""
        return sum(bool(part.problem) for part in self.parts)


def read_state(service: Service) -> ServiceState:
    """Look at everything; who may see it, the caller checks."""
    now = service.clock()
    with service.database.read() as session:
        failed = tuple(
            FailedMail(mail.kind, mail.recipient.rpartition("@")[2], mail.created, _first_line(mail.error))
            for mail in outbox.failed(session, FAILED_SHOWN)
        )
        idle, absolute = service.settings.session_idle, service.settings.session_absolute
        signed_in = sessions.count_living(session, now=now, idle=idle, absolute=absolute)
    return ServiceState(
        tuple(readiness(service)), read_figures(service), tuple(witnesses_of(service)), failed, signed_in, now
    )


def _first_line(error: str | None) -> str:
    """Enough to find the fault, without the address that a mail server's answer quotes."""
    return " ".join(word for word in (error or "").partition("\n")[0].split() if "@" not in word)[:200]

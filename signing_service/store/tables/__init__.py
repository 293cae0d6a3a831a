"""The tables, as typed models; what each column means stands beside it.

The migrations under ``store/migrations`` make exactly this schema on SQLite and PostgreSQL; a test
compares. Bytes of revisions, events and entries are written once and never by a migration.
"""

from signing_service.store.tables.acts import (
    ArchiveTimestamp,
    Attempt,
    Extension,
    Paper,
    Refusal,
    Signature,
    Turn,
    Withdrawal,
)
from signing_service.store.tables.agreements import Agreement, AgreementWords, Document, Mandate, Revision, SourceFile
from signing_service.store.tables.base import Base, UtcTime
from signing_service.store.tables.passkeys import Challenge, CodeSeed, Credential, Enrolment
from signing_service.store.tables.people import Invitation, LoginSession, Observer, Person, UniversityLogin
from signing_service.store.tables.questions import Question
from signing_service.store.tables.record import (
    Checkpoint,
    Cosignature,
    Entry,
    Event,
    Feed,
    LogState,
    Node,
    WitnessProgress,
)
from signing_service.store.tables.service import Installation, OutboxMail, RateCounter, RateHit

__all__ = [
    "Agreement",
    "AgreementWords",
    "ArchiveTimestamp",
    "Attempt",
    "Base",
    "Challenge",
    "Checkpoint",
    "CodeSeed",
    "Cosignature",
    "Credential",
    "Document",
    "Enrolment",
    "Entry",
    "Event",
    "Extension",
    "Feed",
    "Installation",
    "Invitation",
    "LogState",
    "LoginSession",
    "Mandate",
    "Node",
    "Observer",
    "OutboxMail",
    "Paper",
    "Person",
    "Question",
    "RateCounter",
    "RateHit",
    "Refusal",
    "Revision",
    "Signature",
    "SourceFile",
    "Turn",
    "UniversityLogin",
    "UtcTime",
    "Withdrawal",
    "WitnessProgress",
]

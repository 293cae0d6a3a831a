"""What a verification found: values that :mod:`.text`, :mod:`.json_report` and :mod:`.html` print.

report.verdict                      # Verdict.PASSED
report.exit_code                    # 0
for signature in report.signatures: print(signature.field, signature.verdict)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from signing_service.verify.speech import marked as _l
from signing_service.verify.verdict import ADD_BUNDLE, Check, Step, SubIndication, Verdict, worst


@dataclass(slots=True)
class SignatureReport:
    """One signature or timestamp of the document; filled in as the steps go on."""

    revision: int
    """0 for the first signature of the file."""
    kind: str
    """``seal``, ``signature``, ``countersignature``, ``archive``; in profile pades also ``certification`` and
    ``timestamp``."""
    field: str
    verdict: Verdict = Verdict.PASSED
    intact: bool = False
    """The bytes that it covers, its container and its value fit each other; nothing is said of trust."""
    signer: str = ""
    """The common name of the certificate."""
    party: str = ""
    """The university's name, in profile agreement."""
    party_native: str = ""
    party_language: str = ""
    """The language of ``party_native``, BCP 47."""
    role: str = ""
    guest: bool = False
    """Whether the sealed terms call the party a guest, whose signature counts for no quorum."""
    reason: str = ""
    claimed_time: datetime | None = None
    time: datetime | None = None
    """The proven time."""
    time_authority: str = ""
    time_independent: bool | None = None
    """Whether the time is by another authority than the service's; None where no time is proven."""
    certificate_sha256: str = ""
    issuer: str = ""
    algorithm: str = ""
    assurance: str = ""
    """``service`` or ``passkey``."""
    approval: str = ""
    """For people: how the act was approved."""
    identity: str = ""
    """For people: how it is known whose passkey approved; empty for service assertions."""
    consent: str = ""
    """The sentence that was approved."""
    consent_language: str = ""
    mandate: str = ""
    """For people: who gave the mandate, and for when."""
    entry: int | None = None
    """Index in the record."""
    covers: str = ""
    """``file``, ``revision`` (the file goes on after it) or ``part``."""
    changes: Sequence[str] = ()
    """Profile pades: what was changed after it, in words."""


@dataclass(slots=True)
class RecordReport:
    """What was proven by the record."""

    origin: str = ""
    size: int = 0
    witnesses: Sequence[str] = ()
    """Names of the witnesses whose cosignature was verified."""
    quorum: str = "none"
    uniqueness: str = "not checked"
    event: str = ""
    """Which event a proof by itself is of: entry, type, place in its history and time."""


@dataclass(frozen=True, slots=True)
class PaperReport:
    """A signature on paper that an officer attested: never a digital signature."""

    signer: str
    name: str
    signed_on: date
    """The day that stands on the page."""
    attested: datetime
    officer: str
    """The officer's name, from the trust file; the id without one."""
    document_sha256: str
    counts: bool
    """Whether the sealed rules let it count as given."""


@dataclass(frozen=True, slots=True)
class ExtensionReport:
    """A later end of signing that an officer signed."""

    sequence: int
    """Of its event in the agreement."""
    closes: datetime
    """The end as it stood."""
    until: datetime
    """The new end."""
    time: datetime
    """When it was recorded."""
    officer: str
    """The officer's name, from the trust file; the id without one."""
    reason: str


@dataclass(slots=True)
class AgreementReport:
    """What the document is, in profile agreement."""

    id: str = ""
    title: str = ""
    reference: str = ""
    version: str = ""
    state: str = ""
    entry_into_force: datetime | None = None
    waiting_for: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """What people call each signer, by its id: the party and the role."""
    papers: Sequence[PaperReport] = ()
    extensions: Sequence[ExtensionReport] = ()


@dataclass(slots=True)
class Report:
    """The whole outcome for one file."""

    name: str
    profile: str
    at: datetime
    sha256: str = ""
    size: int = 0
    checks: tuple[Check, ...] = ()
    signatures: list[SignatureReport] = field(default_factory=list)
    agreement: AgreementReport | None = None
    record: RecordReport | None = None
    provable_until: datetime | None = None
    trust_fingerprint: str = ""
    foreign_to: str = ""
    """The origin of the service whose trust file was given, where nothing in the file was issued under it."""
    trust_anchors: Sequence[tuple[str, str]] = ()
    """Certificates that were trusted beside the trust file, or without one: name and SHA-256."""

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks; a report without any check proves nothing."""
        return worst(check.verdict for check in self.checks) if self.checks else Verdict.INDETERMINATE

    @property
    def unfinished(self) -> str:
        """``open`` or ``complete`` where all that is there is good and only further signatures are missing; else empty.

        The state of an agreement is known only where nothing else is open (rules.py).
        """
        state = self.agreement.state if self.agreement else ""
        return state if self.verdict is Verdict.INDETERMINATE and state in ("open", "complete") else ""

    @property
    def exit_code(self) -> int:
        """0 PASSED, 1 FAILED, 3 INDETERMINATE."""
        return self.verdict.exit_code

    @property
    def problems(self) -> tuple[Check, ...]:
        """What is not PASSED, the worst first, otherwise in the order of the steps."""
        found = [check for check in self.checks if check.verdict is not Verdict.PASSED]
        return tuple(sorted(found, key=lambda check: (check.verdict is not Verdict.FAILED, check.step)))

    @property
    def indication(self) -> SubIndication | None:
        """The sub-indication of the first of the worst checks."""
        return self.problems[0].indication if self.problems else None

    @property
    def hints(self) -> tuple[str, ...]:
        """What to do, each once."""
        if self.foreign_to:
            return (_l("verify it with the trust file of the alliance that it belongs to"),)
        told = dict.fromkeys(check.hint for check in self.problems if check.hint)
        if self.verdict is Verdict.FAILED:
            told.pop(ADD_BUNDLE, None)  # no bundle mends what is wrong
        return tuple(told)


@dataclass(frozen=True, slots=True)
class Problem:
    """What several checks found in the same words."""

    verdict: Verdict
    step: Step
    message: str
    indication: SubIndication | None
    subjects: Sequence[str]

    @property
    def named(self) -> str:
        """The first few subjects."""
        more = f" and {len(self.subjects) - 3} more" if len(self.subjects) > 3 else ""
        return ", ".join(self.subjects[:3]) + more


def grouped(checks: Iterable[Check]) -> list[Problem]:
    """Each different problem once, with everything that has it, in the order in which they come."""
    subjects: dict[tuple[Verdict, Step, str, SubIndication | None], list[str]] = {}
    for check in checks:
        subjects.setdefault((check.verdict, check.step, check.message, check.indication), []).append(check.subject)
    return [Problem(*same, subjects=names) for same, names in subjects.items()]

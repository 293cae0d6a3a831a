"""Verdicts, ETSI sub-indications, and the collector that every step writes its checks to.

A check never hides another one: steps record what they find and go on; the worst decides::

    checks = Checks()
    with checks.collecting(Step.CMS, "field njupt:president", SubIndication.FORMAT_FAILURE):
        signed = read_signed_data(der)          # a FormatError becomes a FAILED check, and the program goes on
    checks.verdict                              # Verdict.FAILED

Names follow ETSI EN 319 102-1 V1.3.1 clause 5.1.3 (main indications) and table 5 (sub-indications).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from signing_service.errors import LimitError, SigningServiceError, VerificationError
from signing_service.verify.speech import marked as _l


class Verdict(enum.Enum):
    """The main indication, with the exit code of the command that prints it."""

    PASSED = "PASSED"
    INDETERMINATE = "INDETERMINATE"
    FAILED = "FAILED"

    @property
    def exit_code(self) -> int:
        """0 PASSED, 3 INDETERMINATE, 1 FAILED (2 is a usage error)."""
        return {"PASSED": 0, "INDETERMINATE": 3, "FAILED": 1}[self.value]


GIVE_TRUST_FILE = _l(
    "give the trust file (--trust trust.json): it names the root, the record's key, the officers and their passkeys"
)
ADD_BUNDLE = _l("add the evidence bundle: verify evidence-….zip instead of the PDF alone")
"""Hints that several checks give: in the same words, so that each is told once."""

_ORDER = (Verdict.PASSED, Verdict.INDETERMINATE, Verdict.FAILED)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the worst of ``verdicts``; PASSED if there is none."""
    return max(verdicts, key=_ORDER.index, default=Verdict.PASSED)


class SubIndication(enum.Enum):
    """Why a verdict is not PASSED: EN 319 102-1 table 5, unchanged names.

    What ETSI has no word for (the record, the rules of an agreement) is SIG_CONSTRAINTS_FAILURE when it is
    contradicted and GENERIC when it is only missing.
    """

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    GENERIC = "GENERIC"


class Step(enum.IntEnum):
    """The numbered steps of a verification; the numbers stand again in the code and in each report."""

    LIMITS = 0
    STRUCTURE = 1
    CHANGES = 2
    CMS = 3
    PATH = 4
    TIME = 5
    APPROVAL = 6
    RULES = 7
    RECORD = 8


class CheckError(VerificationError):
    """A check ended in a verdict of its own: FAILED or INDETERMINATE, with its sub-indication."""

    def __init__(
        self, verdict: Verdict, indication: SubIndication, message: str, *, hint: str = "", **values: object
    ) -> None:
        super().__init__(message, hint=hint, **values)
        self.verdict = verdict
        self.indication = indication


def failure(indication: SubIndication, message: str, *, hint: str = "", **values: object) -> CheckError:
    """Make the error for something that is wrong."""
    return CheckError(Verdict.FAILED, indication, message, hint=hint, **values)


def unproven(indication: SubIndication, message: str, *, hint: str = "", **values: object) -> CheckError:
    """Make the error for something that cannot be decided with what is at hand."""
    return CheckError(Verdict.INDETERMINATE, indication, message, hint=hint, **values)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what came of it."""

    step: Step
    subject: str
    """What was checked: ``file``, ``field njupt:president``, ``record``."""
    verdict: Verdict
    message: str
    indication: SubIndication | None = None
    """None exactly when the verdict is PASSED."""
    hint: str = ""


class Checks:
    """Collects checks in the order in which they were made; never raises for what it records."""

    def __init__(self) -> None:
        self._checks: list[Check] = []

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks)

    def __len__(self) -> int:
        return len(self._checks)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks."""
        return worst(check.verdict for check in self._checks)

    def verdict_of(self, subject: str) -> Verdict:
        """The worst verdict among the checks of one subject."""
        return worst(check.verdict for check in self._checks if check.subject == subject)

    def passed(self, step: Step, subject: str, message: str) -> None:
        """Record that something is as it must be."""
        self._checks.append(Check(step, subject, Verdict.PASSED, message))

    def failed(self, step: Step, subject: str, indication: SubIndication, message: str, *, hint: str = "") -> None:
        """Record that something is wrong."""
        self._checks.append(Check(step, subject, Verdict.FAILED, message, indication, hint))

    def unproven(self, step: Step, subject: str, indication: SubIndication, message: str, *, hint: str = "") -> None:
        """Record that something cannot be decided."""
        self._checks.append(Check(step, subject, Verdict.INDETERMINATE, message, indication, hint))

    def record(self, step: Step, subject: str, error: SigningServiceError, fallback: SubIndication) -> None:
        """Record an error of the tree: a CheckError by its own verdict, any other as FAILED with ``fallback``."""
        verdict, indication = Verdict.FAILED, fallback
        if isinstance(error, CheckError):
            verdict, indication = error.verdict, error.indication
        elif isinstance(error, LimitError):
            step, indication = Step.LIMITS, SubIndication.FORMAT_FAILURE
        self._checks.append(Check(step, subject, verdict, error.message, indication, error.hint))

    @contextmanager
    def collecting(self, step: Step, subject: str, fallback: SubIndication, *, decided: bool = False) -> Iterator[None]:
        """Run the block; an error of the tree ends it and becomes a check (see :meth:`record`).

        ``decided``: nothing may stay open here, so what would be INDETERMINATE is FAILED.
        """
        try:
            yield
        except SigningServiceError as error:
            if decided and isinstance(error, CheckError):
                error = failure(error.indication, error.message, hint=error.hint)
            self.record(step, subject, error, fallback)

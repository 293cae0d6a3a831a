"""The verifier's front door: bytes, trust and a moment in; a report out, never an exception.

    report = verify_file(data, read_trust([...]), at=now, profile="agreement", name="evidence.zip")

``verify_last_revision`` is the service's own check of a revision that it is about to store.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from signing_service.errors import FormatError, Phrase, SigningServiceError, UsageError
from signing_service.verify.kinds import EMPTY, OFFICE, kind_of
from signing_service.verify.report import Report
from signing_service.verify.speech import marked as _l
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Checks, Step, SubIndication

PROFILES = ("agreement", "pades")
_ZIP = b"PK\x03\x04"
_BUNDLED = (b"manifest.json", b"agreement.pdf")  # names that stand in every bundle, never compressed
_PDF, _HEAD = b"%PDF", 1024  # bytes in which readers look for it (ISO 32000-2 7.5.2, and what they do beyond it)


def verify_file(data: bytes, trust: Trust, at: datetime, profile: str = "agreement", name: str = "") -> Report:
    """Verify a PDF or an evidence bundle, whichever the bytes are."""
    if profile not in PROFILES:
        raise UsageError(f"profile {profile!r} is unknown", hint=f"use one of {', '.join(PROFILES)}")
    if profile == "agreement" and data.startswith(_ZIP) and (is_document(data) or kind_of(data) is not OFFICE):
        return verify_bundle(data, trust, at, name)
    if _PDF not in data[:_HEAD]:
        return _guarded(lambda: _refuse(data, profile), data, trust, at, profile, name)
    return verify_pdf(data, trust, at, profile, name)


def is_document(data: bytes) -> bool:
    """Whether the bytes are a PDF or an evidence bundle at all, whole or not; another ZIP is neither."""
    if data.startswith(_ZIP):
        return all(name in data for name in _BUNDLED)
    return _PDF in data[:_HEAD]


def _refuse(data: bytes, profile: str) -> Report:
    """Raise FormatError, which says what the file is instead of a PDF or a bundle."""
    if data.startswith(_ZIP) and profile == "pades":
        raise FormatError(
            _l("it is an evidence bundle or another ZIP, which profile pades does not read"),
            hint=_l("verify a bundle without --profile pades, or the agreement.pdf in it alone"),
        )
    kind = kind_of(data)
    if kind is EMPTY:
        raise FormatError(_l("it is empty"), hint=kind.hint)
    told = _l("it is neither a PDF nor an evidence bundle, but %(kind)s")
    raise FormatError(told, hint=kind.hint, kind=Phrase(kind.what))


def verify_pdf(pdf: bytes, trust: Trust, at: datetime, profile: str = "agreement", name: str = "") -> Report:
    """Verify one PDF by itself. ``at``: the aware moment of validation. Never raises for what ``pdf`` holds."""
    if profile == "pades":
        from signing_service.verify.pades.profile import verify_pades

        return _guarded(lambda: verify_pades(pdf, trust, at, name), pdf, trust, at, profile, name)
    from signing_service.verify.agreement_profile import AgreementVerifier

    return _guarded(lambda: AgreementVerifier(pdf, trust, at, name).run(None), pdf, trust, at, profile, name)


def verify_bundle(data: bytes, trust: Trust, at: datetime, name: str = "") -> Report:
    """Verify an evidence bundle: its PDF and the record's proofs. Never raises for what ``data`` holds."""
    from signing_service.evidence.bundle import open_bundle
    from signing_service.verify.agreement_profile import AgreementVerifier

    def run() -> Report:
        opened = open_bundle(data)
        return AgreementVerifier(opened.bundle.pdf, trust, at, name).run(opened)

    return _guarded(run, data, trust, at, "agreement", name)


def _guarded(run: Callable[[], Report], data: bytes, trust: Trust, at: datetime, profile: str, name: str) -> Report:
    """Turn what no step could collect into a report with a single failed check."""
    checks = Checks()
    report: Report | None = None
    try:
        report = run()
    except SigningServiceError as error:
        checks.record(Step.STRUCTURE, "file", error, SubIndication.FORMAT_FAILURE)
    except RecursionError:
        checks.failed(Step.LIMITS, "file", SubIndication.FORMAT_FAILURE, "the file is nested too deeply")
    except MemoryError:
        checks.failed(Step.LIMITS, "file", SubIndication.FORMAT_FAILURE, "the file needs more memory than there is")
    except Exception as error:  # a value that no reader foresaw: the verdict must come all the same, and never be good
        message = f"the file holds something that cannot be judged ({type(error).__name__})"
        checks.failed(Step.STRUCTURE, "file", SubIndication.FORMAT_FAILURE, message)
    if report is None:
        report = Report(name, profile, at, sha256(data).hexdigest(), len(data), tuple(checks))
        report.trust_fingerprint = trust.fingerprint
    report.trust_anchors = [(item.subject_text, item.sha256) for item in trust.given]
    return report

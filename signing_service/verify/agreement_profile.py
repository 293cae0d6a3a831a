"""Profile ``agreement``: the steps in order, for a PDF of this service, alone or out of its bundle.

    report = AgreementVerifier(pdf, trust, at, name="agreement.pdf").run(bundle=None)

Steps are numbered as in :mod:`signing_service.verify`. A failing step ends only what depends on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from signing_service.agreement.terms import Terms
from signing_service.errors import FormatError, LimitError
from signing_service.evidence.bundle import OpenBundle
from signing_service.verify.bundled import check_members, in_order
from signing_service.verify.certificate import Certificate, unique
from signing_service.verify.changes import read_revisions
from signing_service.verify.crls import VerifiedCrl, read_crl
from signing_service.verify.enrolments import check_enrolments, check_refusals
from signing_service.verify.events import Shown, check_events, check_service
from signing_service.verify.extensions import check_extensions
from signing_service.verify.kinds import hint_about
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.own_certificate import own_anchors
from signing_service.verify.papers import check_papers
from signing_service.verify.path import PathBuilder
from signing_service.verify.record import Event, check_record, proof_of_existence
from signing_service.verify.report import AgreementReport, RecordReport, Report
from signing_service.verify.revocation import Known, read_response
from signing_service.verify.rules import check_fields, check_rules, names_of
from signing_service.verify.signed import Signed, check_one_root, check_seal_issuer, foreign_to, open_revision
from signing_service.verify.speech import marked as _l
from signing_service.verify.structure import Document, read_document
from signing_service.verify.timestamps import CLOCK_TOLERANCE, Timestamp
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import ADD_BUNDLE, Checks, Step, SubIndication
from signing_service.verify.wrapping import counted


class AgreementVerifier:
    """One run over one document; reads nothing but its arguments."""

    def __init__(self, pdf: bytes, trust: Trust, at: datetime, name: str) -> None:
        """``at``: the aware moment of validation."""
        self._pdf, self._trust, self._at = pdf, trust, at
        self._checks = Checks()
        self._report = Report(name, "agreement", at, trust_fingerprint=trust.fingerprint)
        self._signed: list[Signed] = []
        self._terms: Terms | None = None
        self._later = LaterTrust(trust.file) if trust.file else None

    def run(self, bundle: OpenBundle | None) -> Report:
        """Do steps 1 to 8 and give the report."""
        digest = sha256(self._pdf).hexdigest() if bundle is None else bundle.pdf_sha256
        self._report.sha256, self._report.size = digest, len(self._pdf)
        if self._trust.file is not None and bundle is not None:
            self._later = LaterTrust.of(self._trust.file, bundle.lines)
        document = None
        with self._checks.collecting(Step.STRUCTURE, "file", SubIndication.FORMAT_FAILURE):
            document = self._open()  # (1)
            revisions = counted(len(document.deltas), "revision")
            self._checks.passed(Step.STRUCTURE, "file", f"a base and {revisions}, nothing else")
        if document is not None:
            self._read(document)  # (2), (3)
            certificates = unique(item for signed in self._signed for item in signed.certificates)
            self._check_copies(certificates)
            self._check_times(certificates, self._existed_at(bundle))  # (4), (5)
            self._check_revocation(certificates)  # (4)
            self._check_approvals()  # (6)
        events = self._check_record(bundle, document)  # (8)
        self._check_identities(events)  # (6), by what the record says
        self._check_papers(bundle, events)  # (6)
        self._check_extensions(events)  # (6)
        self._check_rules(events)  # (7)
        return self._finish()

    def _open(self) -> Document:
        try:
            return read_document(self._pdf)
        except LimitError:
            raise
        except FormatError as error:  # CheckErrors say more than that the file has another form
            raise FormatError(error.message, hint=error.hint or hint_about(self._pdf)) from error

    def _read(self, document: Document) -> None:
        with self._checks.collecting(Step.RULES, "agreement", SubIndication.FORMAT_FAILURE):
            self._terms = terms = Terms.from_json(document.base.terms)
            title = terms.title.get("en") or terms.title[terms.languages[0]]
            self._report.agreement = AgreementReport(terms.id, title, terms.reference, terms.version)
            self._report.agreement.names = names_of(terms)
            check_fields(terms, list(document.base.fields))
        if not document.deltas:
            self._checks.unproven(
                Step.STRUCTURE, "file", SubIndication.SIGNED_DATA_NOT_FOUND, _l("the file has no signature")
            )
        with self._checks.collecting(Step.CHANGES, "file", SubIndication.FORMAT_FAILURE):
            for revision in read_revisions(self._pdf, document):  # (2)
                self._signed.append(open_revision(revision, self._terms, self._checks))  # (3)
            check_seal_issuer(self._signed, self._checks)
            self._checks.passed(Step.CHANGES, "file", "each revision fills one field and changes nothing else")
        self._report.signatures = [signed.report for signed in self._signed]

    def _check_copies(self, certificates: Sequence[Certificate]) -> None:
        """(3) One authority has one certificate here, so that no byte of a copy is free even without any trust."""
        copies: dict[tuple[bytes, bytes], set[Certificate]] = defaultdict(set)
        with self._checks.collecting(Step.CMS, "file", SubIndication.FORMAT_FAILURE):
            for certificate in certificates:
                copies[certificate.subject, certificate.public_key_der].add(certificate)
            for same in copies.values():
                if len(same) > 1:
                    self._checks.failed(
                        Step.CMS,
                        "file",
                        SubIndication.SIG_CONSTRAINTS_FAILURE,
                        f"the certificate of {next(iter(same)).subject_text!r} is embedded in {len(same)} versions",
                    )

    def _existed_at(self, bundle: OpenBundle | None) -> datetime:
        """The moment as of which the newest timestamp is judged: when witnesses saw the file in the record, or now."""
        if bundle is None or self._trust.file is None:
            return self._at
        seen = proof_of_existence(bundle, self._trust.file, self._report.sha256)
        if seen is None or seen >= self._at:
            return self._at
        self._checks.passed(
            Step.TIME, "file", f"the record's witnesses prove that it existed at {seen:%Y-%m-%d %H:%M:%S} UTC"
        )
        return seen

    def _check_times(self, certificates: Sequence[Certificate], start: datetime) -> None:
        """From the newest timestamp to the oldest: each archive timestamp proves what stands before it."""
        paths = PathBuilder(self._trust.anchors, certificates)
        authorities = PathBuilder(self._trust.all_anchors, certificates)
        moment, ends = start, []
        stamp: Timestamp | None = None  # of the revision behind, where that is a signature's document timestamp
        for signed in reversed(self._signed):
            signed.check_time(authorities, self._trust, moment, self._checks, stamp, self._later)
            signed.check_path(paths, self._checks, self._terms, self._trust, self._later)
            stamp = signed.timestamp if signed.revision.kind == "timestamp" else None
            if signed.timestamp is None:
                continue
            if moment is start and start is self._at:
                ends.append(signed.timestamp.path.until)
            if signed.revision.kind in ("archive", "timestamp"):
                moment = signed.timestamp.time
        check_one_root(self._signed, self._checks)
        self._report.provable_until = min(ends, default=None)
        self._check_order()

    def _check_order(self) -> None:
        latest: datetime | None = None
        for signed in self._signed:
            if signed.timestamp is None:
                continue
            if latest is not None and signed.timestamp.time < latest - CLOCK_TOLERANCE:
                self._checks.failed(
                    Step.TIME,
                    signed.subject,
                    SubIndication.TIMESTAMP_ORDER_FAILURE,
                    "its timestamp is older than one of a revision that it contains",
                )
            latest = max(signed.timestamp.time, latest or signed.timestamp.time)

    def _check_revocation(self, certificates: Sequence[Certificate]) -> None:
        """(4) Validation material of the archive: each response is good and about a certificate of the document."""
        added: list[Certificate] = []
        for signed in self._signed:
            revision = signed.revision
            if not (revision.certificates or revision.ocsp_responses or revision.crls):
                continue
            with self._checks.collecting(Step.PATH, signed.subject, SubIndication.FORMAT_FAILURE):
                added += [Certificate.load(der) for der in revision.certificates]
                known_now = (*certificates, *self._trust.anchors, *self._own_anchors(), *added)
                known = Known(known_now)
                for der in revision.ocsp_responses:
                    status = read_response(der, known)
                    if status.revoked is not None:
                        self._checks.failed(
                            Step.PATH,
                            signed.subject,
                            SubIndication.REVOKED,
                            f"the certificate of {status.certificate.subject_text!r} was revoked",
                        )
                for der in revision.crls:
                    self._check_list(read_crl(der, known_now), signed.subject)

    def _check_list(self, crl: VerifiedCrl, subject: str) -> None:
        """A revocation list of the archive names no certificate that a signature rests on."""
        for one in self._signed:
            if one.certificate is not None and crl.revoked(one.certificate) is not None:
                text = f"the certificate of {one.certificate.subject_text!r} was revoked"
                self._checks.failed(Step.PATH, subject, SubIndication.REVOKED, text)

    def _own_anchors(self) -> list[Certificate]:
        """The authorities of all own certificates in the document."""
        own = [signed.revision.field for signed in self._signed if signed.revision.own_certificate]
        terms = self._terms
        return [item for field in own if terms for item in own_anchors(terms, self._trust, field)]

    def _check_approvals(self) -> None:
        if self._terms is not None:
            for signed in self._signed:
                revision0 = self._signed[0].revision.pdf_sha256
                signed.check_approval(self._terms, revision0, self._at, self._checks, self._trust.relying_party)

    def _check_identities(self, events: Sequence[Event]) -> None:
        check_enrolments(self._signed, events, self._later, self._checks)
        if self._terms is not None and self._signed:
            revision0 = self._signed[0].revision.pdf_sha256
            check_refusals(events, self._terms, revision0, self._later, self._checks)

    def _check_papers(self, bundle: OpenBundle | None, events: Sequence[Event]) -> None:
        if bundle is None or self._terms is None or self._report.agreement is None or not self._signed:
            return
        scans = {name.partition("/")[2].partition(".")[0] for name in bundle.bundle.papers}
        revision0 = self._signed[0].revision.pdf_sha256
        papers = check_papers(events, self._terms, revision0, self._later, scans, self._checks)
        self._report.agreement.papers = papers
        if scans - {event["document_sha256"] for event in events if event["type"] == "paper"}:
            self._checks.failed(
                Step.APPROVAL,
                "papers",
                SubIndication.SIG_CONSTRAINTS_FAILURE,
                _l("the bundle holds a scan that nobody attested"),
            )

    def _check_extensions(self, events: Sequence[Event]) -> None:
        if self._terms is not None and self._report.agreement is not None and self._signed:
            revision0 = self._signed[0].revision.pdf_sha256
            later = check_extensions(events, self._terms, revision0, self._later, self._checks)
            self._report.agreement.extensions = later

    def _check_record(self, bundle: OpenBundle | None, document: Document | None) -> Sequence[Event]:
        if bundle is None:
            self._checks.unproven(
                Step.RECORD,
                "record",
                SubIndication.NO_POE,
                _l("without the evidence bundle nothing is known of the record"),
                hint=ADD_BUNDLE,
            )
            return []
        self._report.record = record = RecordReport()
        told = check_record(bundle, self._later, self._checks, record)
        with self._checks.collecting(Step.RECORD, "record", SubIndication.SIG_CONSTRAINTS_FAILURE):
            if self._trust.file is not None:
                check_service(told.service, self._trust.file)
        if document is None or self._terms is None:
            return []
        if bundle.bundle.agreement != self._terms.id:
            self._checks.failed(
                Step.RECORD, "record", SubIndication.SIG_CONSTRAINTS_FAILURE, _l("the bundle is of another agreement")
            )
        shown = [
            Shown(item.revision, item.report, _der(item.certificate), item.approval, item.statement)
            for item in self._signed
        ]
        check_events(told.agreement, shown, self._terms, document.base.length, self._checks)
        events = [item.event for item in told.agreement]
        with self._checks.collecting(Step.RECORD, "bundle", SubIndication.SIG_CONSTRAINTS_FAILURE):
            embedded = in_order((signed.certificates, signed.revision) for signed in self._signed)
            check_members(bundle.bundle, embedded, events)
            self._checks.passed(Step.RECORD, "bundle", "its certificates and mandates are those of the document")
        return events

    def _check_rules(self, events: Sequence[Event]) -> None:
        if self._terms is None or self._report.agreement is None:
            return
        with self._checks.collecting(Step.RULES, "agreement", SubIndication.SIG_CONSTRAINTS_FAILURE):
            check_rules(self._terms, self._report.signatures, events, self._at, self._checks, self._report.agreement)

    def _finish(self) -> Report:
        for signed in self._signed:
            signed.report.verdict = self._checks.verdict_of(signed.subject)
            signed.report.covers = "file" if signed.revision.end == len(self._pdf) else "revision"
        self._report.checks = tuple(self._checks)
        self._report.foreign_to = foreign_to(self._signed, self._trust)
        return self._report


def _der(certificate: Certificate | None) -> bytes:
    return certificate.der if certificate else b""

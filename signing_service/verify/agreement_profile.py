"""Profile ``agreement``: the steps in order, for a PDF of this service, alone or out of its bundle.

    report = AgreementVerifier(pdf, trust, at, name="agreement.pdf").run(bundle=None)

Steps are numbered as in :mod:`signing_service.verify`. A failing step ends only what depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from signing_service.agreement.terms import Terms
from signing_service.evidence.bundle import Bundle
from signing_service.verify.algorithms import Hash
from signing_service.verify.approvals import Expected, check_approval, check_certificate_names
from signing_service.verify.certificate import Certificate
from signing_service.verify.changes import Revision, read_revisions
from signing_service.verify.cms import check_embedded_chain, check_signed_attributes, read_signature, read_token
from signing_service.verify.container import TIMESTAMP_TOKEN, Container
from signing_service.verify.events import Shown, check_events, check_service
from signing_service.verify.path import PathBuilder, Purpose
from signing_service.verify.record import check_record, service_events
from signing_service.verify.report import AgreementReport, RecordReport, Report, SignatureReport
from signing_service.verify.revocation import read_response
from signing_service.verify.rules import check_fields, check_rules, signer_of
from signing_service.verify.structure import Document, read_document
from signing_service.verify.timestamps import CLOCK_TOLERANCE, Timestamp, Token, open_token
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Checks, Step, SubIndication, Verdict


@dataclass(slots=True)
class Signed:
    """A revision with what was found of it."""

    revision: Revision
    report: SignatureReport
    container: Container | None = None
    certificate: Certificate | None = None
    token: Token | None = None
    timestamp: Timestamp | None = None
    approval: bytes = b""

    @property
    def subject(self) -> str:
        """How checks name it."""
        return f"field {self.revision.field}"


class AgreementVerifier:
    """One run over one document; reads nothing but its arguments."""

    def __init__(self, pdf: bytes, trust: Trust, at: datetime, name: str) -> None:
        """``at``: the aware moment of validation."""
        self._pdf, self._trust, self._at = pdf, trust, at
        self._checks = Checks()
        self._paths = PathBuilder(trust.anchors)
        self._time_paths = PathBuilder(trust.all_anchors)
        self._report = Report(name, "agreement", at, trust_fingerprint=trust.fingerprint)
        self._signed: list[Signed] = []
        self._terms: Terms | None = None
        self._ocsps: list[bytes] = []

    def run(self, bundle: Bundle | None) -> Report:
        """Do steps 1 to 8 and give the report."""
        self._report.sha256, self._report.size = sha256(self._pdf).hexdigest(), len(self._pdf)
        document = None
        with self._checks.collecting(Step.STRUCTURE, "file", SubIndication.FORMAT_FAILURE):
            document = read_document(self._pdf)  # (1)
            self._checks.passed(Step.STRUCTURE, "file", f"a base and {len(document.deltas)} revisions, nothing else")
        if document is not None:
            self._read(document)
            self._check_times()  # (4), (5)
            self._check_revocation()
            self._check_approvals()  # (6)
        events = self._check_record(bundle, document)  # (8)
        self._check_rules(events)  # (7)
        self._finish()
        return self._report

    def _read(self, document: Document) -> None:
        with self._checks.collecting(Step.RULES, "agreement", SubIndication.FORMAT_FAILURE):
            self._terms = Terms.from_json(document.base.terms)
            check_fields(self._terms, list(document.base.fields))
            terms, title = self._terms, self._terms.title
            self._report.agreement = AgreementReport(
                terms.id, title.get("en") or title[terms.languages[0]], terms.reference, terms.version
            )
        if not document.deltas:
            self._checks.unproven(
                Step.STRUCTURE, "file", SubIndication.SIGNED_DATA_NOT_FOUND, "the file has no signature"
            )
        with self._checks.collecting(Step.CHANGES, "file", SubIndication.FORMAT_FAILURE):
            for revision in read_revisions(self._pdf, document):  # (2)
                self._open(revision)
            self._checks.passed(Step.CHANGES, "file", "each revision fills one field and changes nothing else")

    def _open(self, revision: Revision) -> None:
        """(3) and the parts of (5) that need no trust."""
        signed = Signed(revision, _signature_report(revision, self._terms))
        self._signed.append(signed)
        self._report.signatures.append(signed.report)
        self._ocsps += revision.ocsp_responses
        with self._checks.collecting(Step.CMS, signed.subject, SubIndication.FORMAT_FAILURE):
            if revision.kind == "archive":
                self._open_archive(signed)
            else:
                self._open_signature(signed)
            signed.report.intact = True

    def _open_signature(self, signed: Signed) -> None:
        container = read_signature(signed.revision.contents)
        certificate = container.signer_certificate()
        chain = check_embedded_chain(container, certificate)
        check_signed_attributes(container, signed.revision.digest, certificate, signed.revision.kind != "seal")
        container.check_signature(certificate.public_key, signed.revision.digest)
        signed.container, signed.certificate = container, certificate
        self._paths.add(chain)
        _describe(signed.report, certificate, container)
        self._checks.passed(Step.CMS, signed.subject, "the signature is intact and canonical")
        with self._checks.collecting(Step.TIME, signed.subject, SubIndication.FORMAT_FAILURE):
            token = read_token(container.unsigned_attributes[TIMESTAMP_TOKEN][0])
            signed.token = open_token(token, lambda used: _digest(used, container.signature))
            check_embedded_chain(token, signed.token.certificate)

    def _open_archive(self, signed: Signed) -> None:
        container = read_token(signed.revision.contents)
        signed.token = open_token(container, lambda used: signed.revision.digest if used.name == "sha256" else b"")
        check_embedded_chain(container, signed.token.certificate)
        signed.container = container
        _describe(signed.report, signed.token.certificate, container)
        self._checks.passed(Step.CMS, signed.subject, "the archive timestamp is intact and canonical")

    def _check_times(self) -> None:
        """From the newest timestamp to the oldest: each archive timestamp proves what stands before it."""
        moment, until = self._at, datetime.max.replace(tzinfo=self._at.tzinfo)
        for signed in reversed(self._signed):
            with self._checks.collecting(Step.TIME, signed.subject, SubIndication.GENERIC):
                if signed.token is None:
                    continue
                timestamp = signed.timestamp = signed.token.validate(self._time_paths, moment)
                self._describe_time(signed.report, timestamp)
                self._checks.passed(Step.TIME, signed.subject, f"its time is proven by {timestamp.authority}")
                if moment is self._at:
                    until = min(until, timestamp.path.until)
                if signed.revision.kind == "archive":
                    moment = timestamp.time
                else:
                    self._check_path(signed, timestamp)
        self._check_order()
        if any(signed.timestamp for signed in self._signed):
            self._report.provable_until = until

    def _check_path(self, signed: Signed, timestamp: Timestamp) -> None:
        """(4) at the proven time."""
        if signed.certificate is None:
            return
        with self._checks.collecting(Step.PATH, signed.subject, SubIndication.GENERIC):
            path = self._paths.validate(signed.certificate, Purpose.SIGNING, timestamp.time)
            self._checks.passed(Step.PATH, signed.subject, f"its certificate leads to {path.anchor.subject_text}")

    def _check_order(self) -> None:
        earlier: Timestamp | None = None
        for signed in self._signed:
            if signed.timestamp is None:
                continue
            if earlier is not None and signed.timestamp.time < earlier.time - CLOCK_TOLERANCE:
                self._checks.failed(
                    Step.TIME,
                    signed.subject,
                    SubIndication.TIMESTAMP_ORDER_FAILURE,
                    "its timestamp is older than one of a revision that it contains",
                )
            earlier = signed.timestamp

    def _check_revocation(self) -> None:
        """(4) Validation material of the archive: each response is good and about a certificate of the document."""
        certificates = [signed.certificate for signed in self._signed if signed.certificate]
        for signed in self._signed:
            certificates += signed.container.certificates if signed.container else ()
            certificates += signed.token.certificates if signed.token else ()
        for der in self._ocsps:
            with self._checks.collecting(Step.PATH, "file", SubIndication.FORMAT_FAILURE):
                status = read_response(der, [*dict.fromkeys(certificates), *self._trust.anchors])
                if status.revoked is not None:
                    self._checks.failed(
                        Step.PATH,
                        "file",
                        SubIndication.REVOKED,
                        f"the certificate of {status.certificate.subject_text!r} was revoked",
                    )
        with self._checks.collecting(Step.PATH, "file", SubIndication.FORMAT_FAILURE):
            for signed in self._signed:
                for der in signed.revision.certificates:
                    Certificate.load(der)

    def _check_approvals(self) -> None:
        if self._terms is None:
            return
        revision0 = self._signed[0].revision.pdf_sha256 if self._signed else ""
        for signed in self._signed:
            if signed.container is None or signed.certificate is None or signed.revision.appearance_sha256 is None:
                continue
            with self._checks.collecting(Step.APPROVAL, signed.subject, SubIndication.SIG_CONSTRAINTS_FAILURE):
                self._check_approval(signed, signed.container, signed.certificate, self._terms, revision0)

    def _check_approval(
        self, signed: Signed, container: Container, certificate: Certificate, terms: Terms, revision0: str
    ) -> None:
        signer = signer_of(signed.report)
        moment = signed.timestamp.time if signed.timestamp else signed.revision.claimed_time or self._at
        check_certificate_names(certificate, terms, signer, signed.revision.name)
        approved = check_approval(
            container,
            Expected(
                act=signed.revision.kind,
                terms=terms,
                revision0=revision0,
                signer=signer,
                key=certificate.public_key_der,
                appearance=signed.revision.appearance_sha256 or "",
                time=moment,
            ),
        )
        signed.approval = approved.der
        signed.report.assurance, signed.report.approval = approved.assurance, approved.method
        signed.report.consent = approved.statement.consent
        self._checks.passed(Step.APPROVAL, signed.subject, f"approved by {approved.method}")

    def _check_record(self, bundle: Bundle | None, document: Document | None) -> list[dict[str, object]]:
        self._report.record = record = RecordReport()
        if bundle is None:
            self._checks.unproven(
                Step.RECORD,
                "record",
                SubIndication.NO_POE,
                "without the evidence bundle nothing is known of the record",
                hint="verify the evidence bundle instead of the PDF alone",
            )
            return []
        logged = check_record(bundle, self._trust.file, self._checks, record)
        with self._checks.collecting(Step.RECORD, "record", SubIndication.SIG_CONSTRAINTS_FAILURE):
            if self._trust.file is not None:
                check_service(service_events(bundle), self._trust.file)
        if document is not None and self._terms is not None:
            shown = [
                Shown(
                    signed.revision,
                    signed.report,
                    signed.certificate.der if signed.certificate else b"",
                    signed.approval,
                )
                for signed in self._signed
            ]
            if bundle.agreement != self._terms.id:
                self._checks.failed(
                    Step.RECORD, "record", SubIndication.SIG_CONSTRAINTS_FAILURE, "the bundle is of another agreement"
                )
            check_events(logged, shown, self._terms, document.base.length, self._checks)
        return [dict(item.event) for item in logged]

    def _check_rules(self, events: list[dict[str, object]]) -> None:
        if self._terms is None or self._report.agreement is None:
            return
        with self._checks.collecting(Step.RULES, "agreement", SubIndication.SIG_CONSTRAINTS_FAILURE):
            check_rules(self._terms, self._report.signatures, events, self._at, self._checks, self._report.agreement)

    def _describe_time(self, report: SignatureReport, timestamp: Timestamp) -> None:
        report.time, report.time_authority = timestamp.time, timestamp.authority
        trusted = set(self._trust.timestamp_anchors)
        report.time_independent = any(item in trusted for item in timestamp.path.certificates)

    def _finish(self) -> None:
        for signed in self._signed:
            signed.report.verdict = self._checks.verdict_of(signed.subject)
            signed.report.covers = "file" if signed.revision.end == len(self._pdf) else "revision"
        self._report.checks = tuple(self._checks)


def _digest(used: Hash, data: bytes) -> bytes:
    import hashlib

    return hashlib.new(used.name, data, usedforsecurity=False).digest()


def _signature_report(revision: Revision, terms: Terms | None) -> SignatureReport:
    report = SignatureReport(
        revision.number,
        revision.kind,
        revision.field,
        verdict=Verdict.PASSED,
        reason=revision.reason,
        claimed_time=revision.claimed_time,
    )
    signers = {signer.id: signer for signer in terms.signers()} if terms else {}
    signer = signers.get(revision.field)
    if signer is not None:
        report.party, report.party_native = signer.party.name, signer.party.native_name
        report.role = signer.role.title.get("en") or next(iter(signer.role.title.values()))
    return report


def _describe(report: SignatureReport, certificate: Certificate, container: Container) -> None:
    report.signer = certificate.subject_text
    report.certificate_sha256 = certificate.sha256
    report.issuer = certificate.parsed.issuer.rfc4514_string()
    report.algorithm = container.scheme().title

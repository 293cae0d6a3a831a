"""Profile ``pades``: the steps in order, for any signed PDF.

    report = verify_pades(pdf, trust, at, name="contract.pdf")

Steps are numbered as in :mod:`signing_service.verify`; 6 to 8 belong to profile ``agreement``. What the file itself
claims about trust counts for nothing; revocation data are believed where their issuers signed them.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from signing_service.errors import FormatError, SigningServiceError
from signing_service.verify.container import Container
from signing_service.verify.pades.cms import read_container
from signing_service.verify.pades.comparison import compare
from signing_service.verify.pades.document import Document
from signing_service.verify.pades.evidence import Pool, gather
from signing_service.verify.pades.graph import ReferenceGraph
from signing_service.verify.pades.opening import Opened, open_signature
from signing_service.verify.pades.policy import Policy
from signing_service.verify.pades.proving import Prover
from signing_service.verify.pades.seeds import check_seed
from signing_service.verify.pades.signatures import Found, covers_file, find_signatures
from signing_service.verify.pades.updates import check_update
from signing_service.verify.report import Report
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Checks, Step, SubIndication

FILE = "file"


def verify_pades(pdf: bytes, trust: Trust, at: datetime, name: str) -> Report:
    """Verify every signature of a PDF. ``at``: the aware moment of validation."""
    return _PadesVerifier(pdf, trust, at, name).run()


class _PadesVerifier:
    def __init__(self, pdf: bytes, trust: Trust, at: datetime, name: str) -> None:
        self._pdf, self._trust, self._at = pdf, trust, at
        self._checks = Checks()
        self._report = Report(name, "pades", at, sha256(pdf).hexdigest(), len(pdf), trust_fingerprint=trust.fingerprint)
        self._opened: list[Opened] = []

    def run(self) -> Report:
        with self._checks.collecting(Step.STRUCTURE, FILE, SubIndication.FORMAT_FAILURE):
            document = Document(self._pdf)  # (0), (1)
            self._verify(document)
        for opened in self._opened:
            opened.report.verdict = self._checks.verdict_of(opened.subject)
        self._report.signatures = [opened.report for opened in self._opened]
        self._report.checks = tuple(self._checks)
        return self._report

    def _verify(self, document: Document) -> None:
        found = find_signatures(document)
        if not found:
            self._checks.unproven(
                Step.STRUCTURE, FILE, SubIndication.SIGNED_DATA_NOT_FOUND, "the file has no signature"
            )
            return
        pool = gather(document, _containers(found))
        for item in found:
            opened = open_signature(document, item, pool.certificates, self._checks)  # (3)
            self._opened.append(opened)
            if not item.error:
                opened.report.covers = FILE if covers_file(document, item) else "revision"
        self._check_end(document)  # (1)
        self._check_changes(document)  # (1), (2)
        self._prove(pool)  # (4), (5)
        self._check_seeds(document)  # (3)

    def _check_seeds(self, document: Document) -> None:
        """Hold each signature against what its field's author demanded; that may be its path or time."""
        for opened in self._opened:
            if opened.found.seed and opened.report.intact:
                with self._checks.collecting(Step.CMS, opened.subject, SubIndication.SIG_CONSTRAINTS_FAILURE):
                    check_seed(opened, document.snapshots[opened.found.revision])

    def _check_end(self, document: Document) -> None:
        """Nothing but white space may follow the newest revision."""
        tail = self._pdf[document.revisions[-1].end :]
        if tail.strip(b"\x00\t\n\x0c\r "):
            self._checks.failed(
                Step.STRUCTURE, FILE, SubIndication.FORMAT_FAILURE, f"{len(tail)} bytes follow the end of the file"
            )

    def _check_changes(self, document: Document) -> None:
        """Compare each revision after the first signed one with its predecessor, under what was signed before it."""
        signed = [opened for opened in self._opened if not opened.found.error]
        if not signed:
            return
        first = min(opened.found.revision for opened in signed)
        graph = ReferenceGraph(document)
        waiting = sorted(signed, key=lambda item: item.found.revision, reverse=True)
        before: list[Opened] = []
        policy = Policy.initial()
        for number in range(first + 1, len(document.revisions)):
            while waiting and waiting[-1].found.revision < number:
                before.append(waiting.pop())
                policy = policy.after(before[-1].found, document.snapshots[before[-1].found.revision])
            self._check_update(document, number, graph, policy, before)

    def _check_update(
        self, document: Document, number: int, graph: ReferenceGraph, policy: Policy, before: list[Opened]
    ) -> None:
        try:
            check_update(document, number)
            findings = compare(document, number, graph, policy)
        except SigningServiceError as error:
            for opened in before:
                self._checks.record(Step.CHANGES, opened.subject, error, SubIndication.FORMAT_FAILURE)
            return
        for opened in before:
            opened.report.changes = (*opened.report.changes, *findings.permitted)
            for violation in findings.violations:
                self._checks.failed(
                    Step.CHANGES,
                    opened.subject,
                    SubIndication.SIG_CONSTRAINTS_FAILURE,
                    f"revision {number + 1} changed the document after it was signed: {violation}",
                )

    def _prove(self, pool: Pool) -> None:
        prover = Prover(self._trust, pool, self._at, self._checks)
        newest_first = sorted(self._opened, key=lambda item: item.found.ranges[2], reverse=True)
        for opened in newest_first:
            if opened.report.intact:
                prover.prove(opened)
        self._report.provable_until = prover.provable_until


def _containers(found: list[Found]) -> list[Container]:
    containers: list[Container] = []
    for item in found:
        try:
            containers.append(read_container(item.contents))
        except FormatError:
            continue  # reported when the signature is opened
    return containers

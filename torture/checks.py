"""Afterwards: every receipt against the record, the record against itself and the guard, the PDF by the verifier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from bench.crowd import Venue
from signing_service.agreement.terms import SECRETARIAT
from signing_service.encoding import parse_canonical_json, sha256_hex
from signing_service.errors import ForkError, RecordError, SigningServiceError
from signing_service.evidence.receipt import parse_receipt, verify_receipt
from signing_service.evidence.trust import TrustFile
from signing_service.store import agreements, openings, outbox
from signing_service.store.integrity import check_everything
from signing_service.store.tree import frontier_at, read_entries
from signing_service.verify.trust import read_trust
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_bundle
from signing_service.workflow import download
from signing_service.workflow.service import Service
from torture.clients import Ledger
from torture.findings import Findings


def check(venue: Venue, ledger: Ledger, mails: Sequence[bytes] | None = None) -> Findings:
    """Compare everything that clients were told with what is stored; the countersignature must be there.

    ``mails`` are those that arrived, where they do not lie in the venue's folder.
    """
    found = Findings(acknowledged=len(ledger.receipts), complaints=list(ledger.complaints))
    try:
        service = venue.open_service()
    except ForkError as error:
        found.forks += 1
        found.complaints.append(error.message)
        return found
    try:
        with service.database.read() as session:
            _check_storage(session, service, found)
            check_receipts(session, service.trust, ledger.receipts, found)
            _check_events(session, venue, found)
            _check_told(session, venue, found)
            delivered = mails_in(venue.folder / "mail") if mails is None else mails
            check_mails(session, venue.agreement, delivered, found)
        _check_bundle(service, venue, found)
    finally:
        service.database.dispose()
    return found


def _check_storage(session: Session, service: Service, found: Findings) -> None:
    try:
        check_everything(session, service.guard)
    except ForkError as error:
        found.forks += 1
        found.complaints.append(error.message)
    except RecordError as error:
        found.complaints.append(error.message)


def check_receipts(session: Session, trust: TrustFile, receipts: list[tuple[str, bytes]], found: Findings) -> None:
    """Each receipt's entry stands at its index, its checkpoint is one of this tree, its revision is stored."""
    for signer, data in receipts:
        receipt = parse_receipt(data)
        checkpoint = verify_receipt(receipt, trust)
        try:
            stored = read_entries(session, receipt.index, receipt.index + 1)[0]
            root = frontier_at(session, checkpoint.size).root()
        except RecordError:
            found.lost += 1
            found.complaints.append(f"the receipt of {signer} is beyond the record")
            continue
        if root != checkpoint.root:
            found.forks += 1
        revision = parse_canonical_json(receipt.event)["revision"]
        pdf = _revision(session, receipt.agreement, revision)
        if stored != receipt.entry or pdf != receipt.pdf_sha256:
            found.lost += 1
            found.complaints.append(f"the receipt of {signer} is not in the record")


def _revision(session: Session, agreement: str, number: int) -> str | None:
    try:
        return sha256_hex(agreements.read_pdf(session, agreement, number))
    except SigningServiceError:
        return None


def _check_events(session: Session, venue: Venue, found: Findings) -> None:
    """Exactly one act of each signer and one archive timestamp, and no one-time key twice."""
    events = [parse_canonical_json(one.event) for one in openings.of_scope(session, venue.agreement) if one.event]
    acts = [event for event in events if event["type"] in ("signature", "countersignature")]
    signers = Counter(event["signer"] for event in acts)
    keys = Counter(event["certificate_sha256"] for event in acts)
    wanted = {member.signer for member in venue.signers} | {SECRETARIAT}
    found.doubled += sum(count - 1 for counts in (signers, keys) for count in counts.values())
    found.doubled += max(0, sum(event["type"] == "archive-timestamp" for event in events) - 1)
    found.complaints += [f"{signer} has no signature event" for signer in sorted(wanted - set(signers))]


def _check_told(session: Session, venue: Venue, found: Findings) -> None:
    """Every signer was told."""
    told = {mail.person for mail in outbox.of_agreement(session, venue.agreement) if mail.kind == "signed"}
    untold = [member.signer for member in venue.signers if member.person not in told]
    found.complaints += [f"no mail tells {signer} of the signature" for signer in untold]


def mails_in(folder: Path) -> list[bytes]:
    """The mails that a service without a mail server wrote there."""
    return [path.read_bytes() for path in folder.glob("*.eml")]


def check_mails(session: Session, agreement: str, delivered: Sequence[bytes], found: Findings) -> None:
    """A mail that is marked as sent is among those delivered."""
    for mail in outbox.of_agreement(session, agreement):
        identity = f"<{mail.message_id}@".encode()
        if mail.state == "sent" and not any(identity in text for text in delivered):
            found.lost += 1
            found.complaints.append(f"the mail to {mail.recipient} was marked as sent, and is nowhere")


def _check_bundle(service: Service, venue: Venue, found: Findings) -> None:
    try:
        _, bundle = download.evidence(service, venue.officer.person, venue.agreement)
    except SigningServiceError as error:
        found.complaints.append(f"no evidence bundle: {error.message}")
        return
    trust = read_trust([service.trust_bytes])
    report = verify_bundle(bundle, trust, datetime.now(UTC))
    if report.verdict is not Verdict.PASSED:
        failed = [check.message for check in report.checks if check.verdict is not Verdict.PASSED]
        found.complaints.append(f"the bundle is {report.verdict}: {failed[:3]}")

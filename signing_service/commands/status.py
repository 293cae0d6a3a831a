"""``signing-service status``: what this service holds at the moment.

How many agreements there are and the newest ones, with their state and signatures; the record, its last checkpoint and
its log witnesses; mails that wait or were refused.
``--json`` prints the same for programs.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from signing_service.agreement.acts import state
from signing_service.agreement.terms import Terms
from signing_service.commands.terminal import make_parser, print_pairs, settings_from_environment
from signing_service.encoding import format_time
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import listing, outbox, publisher
from signing_service.store.ledger import read_frontier
from signing_service.store.standing import stands_until
from signing_service.verify.options import whole_number
from signing_service.verify.wrapping import counted
from signing_service.workflow.public_record import record_state
from signing_service.workflow.renewal import standing_of
from signing_service.workflow.service import Service, open_service
from signing_service.workflow.state import load_acts
from signing_service.workflow.witnessing import WitnessStatus, witnesses_of

LISTED = 50  # agreements, unless more are asked for


@dataclass(frozen=True, slots=True)
class AgreementStatus:
    """One agreement: its state, and how many of its signers have signed."""

    id: str
    reference: str
    state: str
    signed: int
    signers: int
    provable_until: str | None  # once archived: the end of its newest archive timestamp
    renewal_due: bool
    stands_until: str | None  # nothing can be recorded in it before: its newest event is dated in the future


@dataclass(frozen=True, slots=True)
class Status:
    """All that ``status`` prints."""

    public_url: str
    stages: dict[str, int]  # how many agreements are in preparation, open, and closed
    agreements: tuple[AgreementStatus, ...]  # the newest ones
    entries: int
    published: int | None  # entries under the last released checkpoint
    witnessed: int | None  # entries under the last checkpoint that the trust file's quorum cosigned
    witnesses: tuple[WitnessStatus, ...]
    mails: dict[str, int]  # that are not delivered, by state; /metrics tells how many were sent
    stands_until: str | None  # none of the service's own events can be recorded before


def main(arguments: list[str]) -> int:
    """Print the service's state."""
    parser = make_parser("status", __doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    listed = f"agreements to list, default {LISTED}"
    parser.add_argument("--limit", type=whole_number(0), default=LISTED, metavar="N", help=listed)
    options = parser.parse_args(arguments)
    service = open_service(settings_from_environment())
    found = read_status(service, options.limit)
    if options.json:
        print(json.dumps(asdict(found), indent=2))
    else:
        _print(found, format_time(service.clock()))
    return 0


def read_status(service: Service, limit: int = LISTED) -> Status:
    """Read everything in one snapshot, of the agreements the newest ones."""
    with service.database.read() as session:
        listed = []
        for row in listing.agreements_page(session, limit=limit):
            terms, acts = Terms.from_json(row.terms), load_acts(session, row.id)
            current = "draft" if row.state == "draft" else str(state(terms, acts, service.clock()))
            signers = [signer.id for signer in terms.signers()]
            signed = sum(signer in acts.signatures for signer in signers)
            standing = standing_of(session, row.id)
            until = format_time(standing.until) if standing else None
            due = standing is not None and standing.is_due(service.clock())
            stands = _moment(stands_until(session, row.id, service.clock()))
            listed.append(AgreementStatus(row.id, row.reference, current, signed, len(signers), until, due, stands))
        newest = publisher.newest(session)
        return Status(
            service.settings.public_url,
            listing.count_agreements(session),
            tuple(listed),
            read_frontier(session).size,
            newest.size if newest else None,
            record_state(service).witnessed if newest else None,
            tuple(witnesses_of(service)),
            outbox.undelivered(session),
            _moment(stands_until(session, SERVICE_SCOPE, service.clock())),
        )


def _moment(time: datetime | None) -> str | None:
    return None if time is None else format_time(time)


def _print(found: Status, now: str) -> None:
    print(f"{found.public_url} at {now}\n")
    for each in found.agreements:
        signed = f"{each.signed} of {each.signers} signed"
        print(f"  {each.reference:<16} {each.state:<12} {signed}   {each.id}{_proof(each)}")
        if each.stands_until:
            print(f"  {'':<16} stands still until {each.stands_until}: an event of that time is recorded (doctor)")
    total = sum(found.stages.values())
    if total > len(found.agreements):
        print(f"  … and {total - len(found.agreements)} older (--limit)")
    if not total:
        print("  no agreements yet")
    print()
    published = "nothing published yet" if found.published is None else f"{found.published} under the checkpoint"
    mails = ", ".join(f"{count} {state}" for state, count in found.mails.items() if count) or "all sent"
    pairs = [("record", f"{counted(found.entries, 'entry', 'entries')}, {published}")]
    if found.stands_until:
        pairs.append(("own events", f"none before {found.stands_until}: one of that time is recorded (doctor)"))
    if found.witnesses:
        well = sum(witness.cosigned == found.published for witness in found.witnesses)
        pairs.append(("witnesses", "\n".join([f"{well} of {len(found.witnesses)} cosigned it", *_complaints(found)])))
    print_pairs([*pairs, ("mails", mails)])


def _proof(each: AgreementStatus) -> str:
    if each.provable_until is None:
        return ""
    due = ", renew it now (signing-service renew)" if each.renewal_due else ""
    return f"   provable until {each.provable_until[:10]}{due}"


def _complaints(found: Status) -> list[str]:
    alarms = [f"ALARM: {witness.alarm}" for witness in found.witnesses if witness.alarm]
    return alarms + [f"{one.name}: {one.error}" for one in found.witnesses if one.error and not one.alarm]

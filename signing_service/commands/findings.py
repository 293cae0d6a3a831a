"""What ``doctor`` finds out about a service that opens: its clock, worker, mails, proofs and log witnesses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from signing_service.encoding import format_time
from signing_service.store import acts, outbox, publisher
from signing_service.store.database import Database
from signing_service.store.ledger import read_frontier
from signing_service.store.standbys import ADVICE, look_at_standbys, names_several
from signing_service.store.standing import unpublished_since
from signing_service.store.wall_clock import THE_DATABASE
from signing_service.verify.wrapping import counted
from signing_service.workflow.clock_check import (
    Answers,
    RecordAhead,
    ask,
    authorities_of,
    off_the_database,
    record_ahead,
)
from signing_service.workflow.readiness import MOST_OFF
from signing_service.workflow.renewal import due as due_renewals
from signing_service.workflow.rotation import outdated_keys
from signing_service.workflow.service import Service
from signing_service.workflow.trust import current
from signing_service.workflow.witnessing import witnesses_of

SHOWN = 20  # proofs that end
_RECORD_WRONG = (
    "something was recorded by a clock that was ahead; what is recorded stays as it is, and only what goes on from it "
    "has to wait until then"
)
_ONE_WRONG = (
    "set this machine's clock and run an NTP client; where it is right, something was recorded by a clock that was "
    "ahead, and all writing waits until then, or until an authority of TIMESTAMP_URLS confirms this clock at a start"
)
_CLOCK_WRONG = (
    "nothing is recorded, or served, by a clock that is so far off: run an NTP client (timedatectl set-ntp true) here; "
    "where this clock is right, have the other one set right"
)
UNPUBLISHED = timedelta(minutes=3)  # events have minutes, and the worker tries it every ten seconds
LATE = timedelta(minutes=15)  # for a mail that is due, or an archive timestamp after its countersignature


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome: ``ok``, ``warning`` or ``wrong``."""

    level: str
    check: str
    text: str
    hint: str = ""


def check_clock(service: Service) -> Iterator[Finding]:
    """This machine's clock beside those that `serve` compares it with, and beside the record's newest times."""
    now = service.clock()
    answers = ask(authorities_of(service), service.clock)
    off = off_the_database(service.database)
    wrong = [_contradicted(now, one.source, one.off) for one in answers.against]
    if abs(off) > MOST_OFF:
        wrong.append(_contradicted(now, THE_DATABASE, off))
    ahead = record_ahead(service)
    if ahead is not None:
        wrong += _contradicted_by_the_record(now, ahead, answers)
    yield from wrong or [Finding("ok", "clock", format_time(now))]


def _contradicted(now: datetime, source: str, off: timedelta) -> Finding:
    text = f"it is {format_time(now)} by this machine's clock, but {format_time(now - off)} by {source}"
    return Finding("wrong", "clock", text, _CLOCK_WRONG)


def _contradicted_by_the_record(now: datetime, ahead: RecordAhead, answers: Answers) -> Iterator[Finding]:
    """Nothing in the record may lie in the future; where it does, outside authorities tell which time is wrong."""
    confirmed = bool(answers.agreeing)
    text = f"it is {format_time(now)} here, but the record has a time of {format_time(ahead.newest)} already"
    if confirmed:
        text += f"; {answers.agreeing[0].source} says that this clock is right"
    yield Finding("wrong", "clock", text, _RECORD_WRONG if confirmed else _ONE_WRONG)
    for name, end in ahead.standing:
        until = f"nothing can be recorded in {name} before {format_time(end)}"
        yield Finding("wrong", "clock", until, "its newest event is dated then, and none may be dated before it")


def check_rotations(service: Service) -> Iterator[Finding]:
    """A keys folder from an old backup, or of a machine that was forgotten at a rotation."""
    problem = outdated_keys(service)
    if problem:
        hint = "copy the folder from the machine where the key was rotated, or from its newest backup, and restart"
        yield Finding("wrong", "keys", problem, hint)


def check_standby(database: Database) -> Iterator[Finding]:
    """While a synchronous standby is missing no commit returns, and nothing else tells why; nor that there is none."""
    with database.read() as session:
        standbys = look_at_standbys(session)
    if standbys.problem:
        yield Finding("wrong", "standby", standbys.problem, ADVICE)
    elif standbys.following is None:
        text = "whether the synchronous standby follows cannot be seen; while it is missing nothing can be stored"
        yield Finding("warning", "standby", text, "GRANT pg_monitor to the role in DATABASE_URL")
    elif standbys.wanted:
        following = counted(standbys.following, "synchronous standby")
        yield Finding("ok", "standby", f"commits are on the disk of {following}, too")
    elif names_several(database.url):
        text = "commits wait for no standby: there is one copy only, and a lost disk is a lost signature"
        hint = "once a standby follows the primary: deploy/postgresql/synchronous HOST PORT NAME"
        yield Finding("warning", "standby", text, hint)


def check_worker(service: Service) -> Iterator[Finding]:
    """Whatever the worker should have done long ago is still there if it does not run."""
    now = service.clock()
    with service.database.read() as session:
        due = outbox.oldest_due(session, now=now)
        waiting = len(acts.awaiting_archive(session))
    hint = "signing-service serve has one inside unless --no-worker is given; else run signing-service worker"
    if due is not None and now - due > LATE:
        text = f"a mail is due since {format_time(due)} and nobody sends it"
        yield Finding("wrong", "worker", text, hint)
    if waiting:
        text = f"countersigned agreements that wait for their archive timestamp: {waiting}"
        yield Finding("warning", "worker", text, f"is a timestamp authority down? {hint}")
    if not waiting and (due is None or now - due <= LATE):
        yield Finding("ok", "worker", "nothing is overdue")


def check_publication(service: Service) -> Iterator[Finding]:
    """What is recorded is under a checkpoint a moment later, or whoever signed has no receipt."""
    with service.database.read() as session:
        since, newest = unpublished_since(session), publisher.newest(session)
        entries = read_frontier(session).size
    if since is None or service.clock() - since <= UNPUBLISHED:
        yield Finding("ok", "published", counted(entries, "entry", "entries"))
        return
    covered = 0 if newest is None else newest.size
    recorded = counted(entries, "entry", "entries")
    text = f"{recorded} recorded, {covered} of them published; the next one is of {format_time(since)}"
    hint = "may the service write to the guard's folder? does a worker run? it publishes them once both are so"
    yield Finding("wrong", "published", text, hint)


def check_mails(service: Service) -> Iterator[Finding]:
    """Mails that were given up."""
    with service.database.read() as session:
        failed = outbox.count(session, "failed")
    if failed:
        yield Finding("warning", "mail", f"{counted(failed, 'mail')} refused for good", "the secretariat sees which")


def check_proofs(service: Service) -> Iterator[Finding]:
    """Archive timestamps that end soon, or have ended."""
    now = service.clock()
    found = due_renewals(service, SHOWN + 1)
    if len(found) > SHOWN:
        text = f"more than {SHOWN} proofs end within a year or have ended; these are the first"
        yield Finding("warning", "proofs", text, "signing-service renew --all")
    for standing in found[:SHOWN]:
        if standing.until < now:
            text = f"{standing.reference}: its proof ended on {standing.until:%Y-%m-%d}"
            yield Finding("wrong", "proofs", text, "keep bundles and receipts; it cannot be renewed any more")
        else:
            text = f"{standing.reference} is provable until {standing.until:%Y-%m-%d}"
            hint = f"signing-service keys rotate timestamp, then signing-service renew {standing.agreement}"
            yield Finding("warning", "proofs", text, hint)


def check_witnesses(service: Service) -> Iterator[Finding]:
    """Who cosigns the record, and what they say against it."""
    with service.database.read() as session:
        trust = current(session)
    asked = {witness.key for witness in service.witnesses}
    if trust.quorum is None:
        hint = "ask members to run one each: docs/witness.md, WITNESSES_FILE"
        yield Finding("warning", "witnesses", "none: nobody would notice a forked record but by receipts", hint)
    for key in trust.witnesses:
        if key not in asked:
            text = f"{key.name} is in the trust file but not asked"
            yield Finding("warning", "witnesses", text, "add its line to WITNESSES_FILE")
    for key in asked - set(trust.witnesses):
        hint = "it counts from the next trust file on that names it"
        yield Finding("warning", "witnesses", f"{key.name} is asked but not in the trust file", hint)
    for one in witnesses_of(service):
        if one.alarm:
            yield Finding("wrong", "witnesses", f"ALARM: {one.alarm}", "stop writing, compare record and guard")
        elif one.error:
            yield Finding("warning", "witnesses", one.error, "it is asked again by itself")

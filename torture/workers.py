"""Workers beside each other on PostgreSQL, one of them killed in the middle of a mail.

Every mail arrives once, but the one whose worker died after the mail server took it and before that was written down:
it arrives twice, under one Message-ID. Everybody is reminded once, however many workers find that due::

    found = kill_a_worker(folder, parties=3, cluster=cluster)
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import update

from bench.crowd import Venue
from signing_service.store import outbox, tables
from signing_service.workflow.reminders import Manners, set_manners
from torture.findings import Findings
from torture.outages import PATIENCE, comes_true
from torture.postbox import Postbox
from torture.postgres import Cluster
from torture.server import context
from torture.surroundings import Surroundings, impatient

BESIDE = 2  # workers that go on
AGO = timedelta(days=2)


def kill_a_worker(folder: Path, parties: int, cluster: Cluster) -> Findings:
    """Kill a worker while it hands a mail over, and let others do the rest."""
    found = Findings(kills=1)
    with Surroundings.around(folder.with_name("beside"), cluster) as around:
        venue, postbox = around.venue(folder, parties), around.postbox
        workers: list[BaseProcess] = []
        try:
            _make_reminders_due(venue)
            postbox.holding = True
            workers.append(_start(venue))
            if not postbox.held.wait(PATIENCE):
                found.complaints.append("the worker hands nothing over")
            _kill(workers[0])
            postbox.holding = False
            postbox.let_go.set()
            workers += [_start(venue) for _ in range(BESIDE)]
            if not comes_true(lambda: _all_is_sent(venue, parties)):
                found.complaints.append("the other workers do not take over")
        finally:
            for worker in workers:
                _kill(worker)
        _check(venue, postbox, found)
    return found


def _make_reminders_due(venue: Venue) -> None:
    service = venue.open_service()
    with service.database.begin() as session:
        session.execute(update(tables.OutboxMail).values(created=datetime.now(UTC) - AGO))
    set_manners(service, venue.officer.person, venue.agreement, Manners(remind_every=1, publicity="parties"))
    service.database.dispose()


def _start(venue: Venue) -> BaseProcess:
    arguments = (venue.environment, str(venue.folder / "worker.log"))
    process: BaseProcess = context().Process(target=_work, args=arguments, daemon=False)
    process.start()
    return process


def _work(environment: dict[str, str], log: str) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ.update(environment)
    os.chdir(Path(log).parent)
    impatient()
    from signing_service.cli import main

    sys.exit(main(["worker"]))


def _kill(process: BaseProcess) -> None:
    if process.pid is not None and process.is_alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    process.join(PATIENCE)


def _all_is_sent(venue: Venue, parties: int) -> bool:
    service = venue.open_service()
    try:
        with service.database.read() as session:
            return not any(outbox.undelivered(session).values()) and outbox.count(session, "sent") >= 2 * parties
    finally:
        service.database.dispose()


def _check(venue: Venue, postbox: Postbox, found: Findings) -> None:
    service, copies, twice = venue.open_service(), postbox.copies(), 0
    try:
        with service.database.read() as session:
            mails = outbox.of_agreement(session, venue.agreement)
        for mail in mails:
            count = copies[str(mail.message_id)]
            twice += count == 2
            if count not in (1, 2):
                found.lost += count == 0
                found.complaints.append(f"the mail to {mail.recipient} arrived {count} times")
        if twice > 1:
            found.doubled += twice - 1
        for member in venue.signers:
            asked = sum(mail.person == member.person and mail.kind in ("invitation", "reminder") for mail in mails)
            if asked != 2:
                found.complaints.append(f"{member.signer} was asked to sign {asked} times instead of twice")
    finally:
        service.database.dispose()

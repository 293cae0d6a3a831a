"""Planted bugs, one at a time, to see that the harness would notice.

Each takes away one thing that exactly-once or the record stands on; torture/catching.py says which trial must end in
a finding for it. ``plant`` runs in the server's process, before it serves; nothing of the package itself knows of it.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


def any_successor() -> None:
    """A revision is stored under the next free number, whatever it continues; two of them wait for each other."""
    from signing_service.store import agreements

    prepared, revisions, signing = _workflow("prepared"), _workflow("revisions"), _workflow("signing")

    meeting, begin = threading.Barrier(2), signing._store

    def store_together(*arguments: Any) -> None:
        try:
            meeting.wait(5)
        except threading.BrokenBarrierError:  # nobody else is signing just now
            meeting.reset()
        begin(*arguments)

    def store(session: Any, agreement_id: str, candidate: Any, now: Any) -> None:
        agreements.lock(session, agreement_id)
        number = agreements.newest_end(session, agreement_id).number + 1
        object.__setattr__(candidate, "number", number)  # for the signature's row too
        agreements.add_revision(session, agreement_id, candidate, now=now)

    signing._store = store_together
    for module in (revisions, signing):
        module.store_candidate = store
    prepared.turns.take = lambda *_args, **_options: 0


def checkpoint_before_commit() -> None:
    """The guard takes a checkpoint of entries that are not committed yet."""
    from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
    from signing_service.workflow.service import Service

    ledger, services_module = _store("ledger"), _workflow("service")

    services: list[Service] = []
    append, open_service = ledger.append, services_module.open_service

    def remembering(*arguments: Any) -> Service:
        services[:] = [open_service(*arguments)]
        return services[0]

    def hasty(session: Any, *arguments: Any, **options: Any) -> Any:
        appended = append(session, *arguments, **options)
        if services:
            service, frontier = services[0], ledger.read_frontier(session)
            signer = service.record_signer
            note = sign_checkpoint(Checkpoint(signer.name, frontier.size, frontier.root()), signer)
            with service.guard.lock():
                service.guard.write(note)
        return appended

    services_module.open_service = remembering
    ledger.append = hasty


def receipts_anew() -> None:
    """A repeated request is answered with a receipt made anew, not with the stored one."""
    receipts, signing = _workflow("receipts"), _workflow("signing")

    original = receipts.receipt_of

    def anew(service: Any, attempt_id: str) -> Any:
        from sqlalchemy import update

        from signing_service.store.tables import Attempt

        with service.database.begin() as session:
            session.execute(update(Attempt).where(Attempt.id == attempt_id).values(receipt=None))
        return original(service, attempt_id)

    signing.receipt_of = anew


def receipts_before_the_standby() -> None:
    """Stored receipts are given, and the guard is written, without asking whether the synchronous standby has it."""
    _store("database").Database.settle = lambda _self: None


def leases_for_ever() -> None:
    """A place in the queue is never lost, so that a browser that died holds everybody up."""
    from datetime import timedelta

    prepared = _workflow("prepared")
    prepared.LEASE = timedelta(minutes=20)  # one that is longer than any reservation counts as a clock's mistake


def no_guard() -> None:
    """Nobody compares the database with the guard."""
    guard, ledger, publisher = _store("guard"), _store("ledger"), _store("publisher")

    guard.check = lambda *_: None
    ledger.check = lambda *_: None
    publisher.guards.check = lambda *_: None
    guard.Guard.write = lambda self, note: self.path.write_bytes(note)


def sent_before_sending() -> None:
    """A mail is marked as sent when it is claimed."""
    outbox, delivery = _store("outbox"), _workflow("delivery")
    claim = outbox.claim

    def hasty(session: Any, *, now: Any, **options: Any) -> Any:
        mails = claim(session, now=now, **options)
        for mail in mails:
            outbox.mark_sent(session, mail, text=mail.text, html=mail.html, now=now)
        return mails

    delivery.outbox.claim = hasty


def own_clock_instead() -> None:
    """Where no timestamp authority answers, the service's own is asked."""
    from signing_service.errors import TimestampError
    from signing_service.pki.timestamps import BuiltInAuthority, first_token

    service = _workflow("service")
    original = service.Service.timestamp

    def fallback(self: Any, digest: bytes) -> Any:
        try:
            return original(self, digest)
        except TimestampError:
            return first_token((BuiltInAuthority(self.keys),), digest, self.clock())

    service.Service.timestamp = fallback


def mail_after_commit() -> None:
    """Mails are put into the outbox by a thread, after the act's transaction."""
    signing = _workflow("signing")
    tell = signing.tell_about_signature

    def later(_session: Any, service: Any, *arguments: Any) -> None:
        def put() -> None:
            with service.database.begin() as session:
                tell(session, service, *arguments)

        threading.Timer(1.0, put).start()

    signing.tell_about_signature = later


def commits_unsynced() -> None:
    """SQLite forgets the latest commits when the power fails: ``synchronous=NORMAL``."""
    database, engine = _store("database"), _store("engine")
    engine._SQLITE_PRAGMAS = tuple(line.replace("= FULL", "= NORMAL") for line in engine._SQLITE_PRAGMAS)
    database.Database.check_durability = lambda _self: None  # which would refuse to serve


def guard_unsynced() -> None:
    """The guard's bytes are not synced before its new name is."""
    guard, durable = _store("guard"), _store("durable")

    def replace_hastily(path: Path, data: bytes) -> None:
        beside = path.with_name(path.name + ".new")
        beside.write_bytes(data)
        beside.replace(path)
        durable.sync_folder(path.parent)

    guard.replace_durably = replace_hastily


def folders_unsynced() -> None:
    """The names of the guard and of delivered mails are not synced, only their bytes."""
    _store("durable").sync_folder = lambda _folder: None


def mails_unsynced() -> None:
    """A mail is marked as sent when the operating system has it, not the disk."""
    _workflow("transports").replace_durably = lambda path, data: path.write_bytes(data)


def unverified() -> None:
    """What a browser sends as its signature is embedded without a look."""
    signing, revisions = _workflow("signing"), _workflow("revisions")
    signing._verify = lambda *_arguments: None
    revisions.verify_last_revision = lambda *_arguments, **_options: None


BUGS: dict[str, Callable[[], None]] = {
    "any successor": any_successor,
    "checkpoint before commit": checkpoint_before_commit,
    "receipts anew": receipts_anew,
    "receipts before the standby": receipts_before_the_standby,
    "leases for ever": leases_for_ever,
    "no guard": no_guard,
    "sent before sending": sent_before_sending,
    "own clock instead": own_clock_instead,
    "mail after commit": mail_after_commit,
    "commits unsynced": commits_unsynced,
    "guard unsynced": guard_unsynced,
    "folders unsynced": folders_unsynced,
    "mails unsynced": mails_unsynced,
    "unverified": unverified,
}


def _store(name: str) -> Any:
    return importlib.import_module(f"signing_service.store.{name}")


def _workflow(name: str) -> Any:
    return importlib.import_module(f"signing_service.workflow.{name}")


def plant(name: str) -> None:
    """Install one bug in this process."""
    BUGS[name]()

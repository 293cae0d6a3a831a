"""Planted bugs, one at a time, to see that the harness would notice.

Each takes away one thing that exactly-once or the record stands on. ``plant`` runs in the server's process, before it
serves; nothing of the package itself knows of it.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any


def any_successor() -> None:
    """A revision is stored under the next free number, whatever it continues; two of them wait for each other."""
    from signing_service.store import agreements

    prepared, revisions, signing = _workflow("prepared"), _workflow("revisions"), _workflow("signing")

    meeting, begin = threading.Barrier(2), signing._store

    def store_together(*arguments: Any) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(5)
        begin(*arguments)

    def store(session: Any, agreement_id: str, candidate: Any, now: Any) -> None:
        agreements.lock(session, agreement_id)
        number = agreements.newest_end(session, agreement_id).number + 1
        agreements.add_revision(session, agreement_id, replace(candidate, number=number), now=now)

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


def leases_for_ever() -> None:
    """A place in the queue is never lost, so that a browser that died holds everybody up."""
    from datetime import timedelta

    prepared = _workflow("prepared")
    prepared.LEASE = timedelta(days=1)


def no_guard() -> None:
    """Nobody compares the database with the guard."""
    guard, ledger, publisher, service = _store("guard"), _store("ledger"), _store("publisher"), _workflow("service")

    guard.check = lambda *_: None
    ledger.check = lambda *_: None
    publisher.guards.check = lambda *_: None
    service.check_guard = lambda *_: None
    guard.Guard.write = lambda self, note: self.path.write_bytes(note)


def sent_before_sending() -> None:
    """A mail is marked as sent when it is claimed."""
    outbox, delivery = _store("outbox"), _workflow("delivery")
    claim = outbox.claim

    def hasty(session: Any, *, now: Any, **options: Any) -> Any:
        mails = claim(session, now=now, **options)
        for mail in mails:
            outbox.mark_sent(session, mail.id, now=now)
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

        threading.Timer(0.05, put).start()

    signing.tell_about_signature = later


BUGS: dict[str, Callable[[], None]] = {
    "any successor": any_successor,
    "checkpoint before commit": checkpoint_before_commit,
    "receipts anew": receipts_anew,
    "leases for ever": leases_for_ever,
    "no guard": no_guard,
    "sent before sending": sent_before_sending,
    "own clock instead": own_clock_instead,
    "mail after commit": mail_after_commit,
}


def _store(name: str) -> Any:
    return importlib.import_module(f"signing_service.store.{name}")


def _workflow(name: str) -> Any:
    return importlib.import_module(f"signing_service.workflow.{name}")


def plant(name: str) -> None:
    """Install one bug in this process."""
    BUGS[name]()

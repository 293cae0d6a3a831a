"""The primary dies while everybody signs: a synchronous standby loses nothing, one that lacks something is caught."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from bench.crowd import Venue
from signing_service.errors import ForkError
from signing_service.store.gate import Gate
from torture.checks import check, check_receipts
from torture.clients import PATIENCE, Client, Ledger
from torture.findings import Findings
from torture.killing import AT_ONCE, make_venue, wait_for_archive
from torture.postgres import HOST, Cluster
from torture.server import Server

ENDED, AWAY = 120, 30.0  # commits whose wait is ended before the standby comes back, and for how many seconds at most

_PREPARED = "SELECT 1 FROM attempts WHERE state = 'approved' AND prepared_revision IS NOT NULL"


def fail_over(folder: Path, seed: str, parties: int) -> Findings:
    """Everybody signs; after some receipts the primary is killed and its synchronous standby promoted."""
    chance = random.Random(seed)
    cluster = Cluster.make()
    cluster.add_standby(synchronous=True)
    venue = make_venue(folder, parties, cluster.url)
    ledger, server = Ledger(), Server(venue)
    try:
        server.start()
        wanted = chance.randrange(1, parties - 1)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            clients = [Client(venue, member, ledger, f"{seed} {member.signer}") for member in venue.signers]
            signing = [pool.submit(client.sign_whatever_happens) for client in clients]
            _wait_for(ledger, wanted)
            _take_over(cluster)
            for one in signing:
                one.result()
        found = _finish(venue, ledger, server, seed)
        found.faults, found.kills = 1, 1
        return found
    finally:
        server.kill()
        cluster.remove()


def stay_away(folder: Path, seed: str, parties: int, bug: str | None = None) -> Findings:
    """The synchronous standby dies while everybody signs, and whoever waits for it is cut off, again and again.

    Then the primary is lost for good, and the standby promoted: it has every signature whose receipt anybody has, and
    the others are made on it.
    """
    chance = random.Random(seed)
    cluster = Cluster.make()
    cluster.add_standby(synchronous=True)
    assert cluster.standby is not None
    venue = make_venue(folder, parties, cluster.url)
    ledger, server = Ledger(), Server(venue, bug, _never_refuse_writers)
    try:
        server.start()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            clients = [Client(venue, member, ledger, f"{seed} {member.signer}") for member in venue.signers]
            signing = [pool.submit(client.sign_whatever_happens) for client in clients]
            _wait_for(ledger, chance.randrange(parties - 1))
            ended = _end_waits(cluster, chance)
            cluster.primary.kill()
            cluster.standby.start()
            cluster.standby.promote()
            found = _lost_by_the_standby(venue, ledger)
            if not found.clean:
                ledger.abandoned.set()
                return found
            for one in signing:
                one.result()
        found = _finish(venue, ledger, server, seed)
        found.faults, found.kills = ended, 2
        return found
    finally:
        server.kill()
        cluster.remove()


def _finish(venue: Venue, ledger: Ledger, server: Server, seed: str) -> Findings:
    """The officer countersigns, the agreement is archived, and everything is compared."""
    Client(venue, venue.officer, ledger, f"{seed} officer").sign_whatever_happens()
    wait_for_archive(venue, ledger)
    server.kill()
    return check(venue, ledger)


def _never_refuse_writers() -> None:
    """In a server: whoever could get a receipt that the standby lacks is let to the database again and again."""
    setattr(Gate, "close", lambda _self: None)  # noqa: B010 (which mypy refuses to be assigned)


def _lost_by_the_standby(venue: Venue, ledger: Ledger) -> Findings:
    found = Findings(acknowledged=len(ledger.receipts))
    try:
        service = venue.open_service()
    except ForkError as error:
        found.forks += 1
        found.complaints.append(error.message)
        return found
    with service.database.read() as session:
        check_receipts(session, service.trust, list(ledger.receipts), found)
    service.database.dispose()
    return found


def _end_waits(cluster: Cluster, chance: random.Random) -> int:
    """Once somebody has something to sign, kill the standby, and end the commits that wait for it.

    That is done so often that whoever signs gets on as far as the service lets anybody; gives how often.
    """
    assert cluster.standby is not None
    ended, deadline = 0, time.monotonic() + AWAY
    address = f"host={HOST} port={cluster.primary.port} user=signing dbname=signing"
    with psycopg.connect(address, autocommit=True) as connection:
        while not connection.execute(_PREPARED).fetchone():
            assert time.monotonic() < deadline, "nobody signs"
        cluster.standby.kill()
        while ended < ENDED and time.monotonic() < deadline:
            end = chance.choice(("pg_terminate_backend", "pg_cancel_backend"))
            rows = connection.execute(f"SELECT {end}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            ended += len(rows.fetchall())
            time.sleep(0.02)
    return ended


def lose_a_commit(folder: Path) -> str:
    """An asynchronous standby that lacks an acknowledged signature is promoted; gives what the guard says.

    Raises AssertionError if the service would go on with it.
    """
    cluster = Cluster.make()
    try:
        cluster.add_standby(synchronous=False)
        assert cluster.standby is not None
        venue = make_venue(folder, 2, cluster.url)
        ledger, server = Ledger(), Server(venue)
        server.start()
        _sign(venue, ledger, 0)
        cluster.standby.kill()
        _sign(venue, ledger, 1)
        cluster.primary.kill()
        cluster.standby.start()
        cluster.standby.promote()
        server.kill()
        try:
            venue.open_service()
        except ForkError as error:
            return error.message
        raise AssertionError("the service goes on with a database that lacks what it has published")
    finally:
        cluster.remove()


def _sign(venue: Venue, ledger: Ledger, number: int) -> None:
    Client(venue, venue.signers[number], ledger, str(number)).sign_whatever_happens()


def _take_over(cluster: Cluster) -> None:
    assert cluster.standby is not None
    cluster.primary.kill()
    cluster.standby.promote()


def _wait_for(ledger: Ledger, receipts: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(ledger.receipts) < receipts and time.monotonic() < deadline:
        time.sleep(0.01)

"""One cycle: an agreement is signed by everybody, countersigned and archived while its servers are killed.

Everything is drawn from the cycle's seed: who comes when, at which point or moment a server dies, which request is
sent twice. What the machine's scheduler adds is its own; the seed repeats the plan, not every interleaving.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.crowd import Venue
from signing_service.errors import RecordError, SigningServiceError
from signing_service.store import agreements
from torture.checks import check
from torture.clients import Client, Ledger
from torture.findings import Findings
from torture.hurry import time_is_over
from torture.points import POINTS
from torture.server import Server

PATIENCE = 180.0  # seconds for a cycle's clients
LONGEST_LIFE = 0.5  # seconds until a server is killed at a random moment
USUAL_START = 0.5  # seconds; where a start takes longer, the machine is busy, and a server lives longer to get on
LAST_ARRIVAL = {"entry": 5, "commit": 16, "guard": 4, "timestamp": 3, "mail": 3}  # arrivals at a point until it kills
AT_ONCE = 4  # clients
TRIES, PAUSE = 3, 0.5  # starts of a server that refuses, seconds between them


def run_cycle(
    venue: Venue, seed: str, kills: int, points: tuple[str, ...] = POINTS, bug: str | None = None
) -> Findings:
    """Sign ``venue``'s agreement under at most ``kills`` kills, then let it finish in peace, and check everything."""
    ledger, server = Ledger(), Server(venue, bug)
    try:
        return _cycle(venue, ledger, server, seed, kills, points)
    except SigningServiceError as error:
        return Findings(kills=server.kills, complaints=[error.message])
    finally:
        server.kill()


def _cycle(venue: Venue, ledger: Ledger, server: Server, seed: str, kills: int, points: tuple[str, ...]) -> Findings:
    chance = random.Random(seed)
    server.start()
    server.longest_recovery = 0.0  # the first start imports everything
    with ThreadPoolExecutor(AT_ONCE) as pool:
        clients = [Client(venue, member, ledger, f"{seed} {member.signer}") for member in venue.signers]
        chance.shuffle(clients)
        signing = [pool.submit(client.sign_whatever_happens) for client in clients]
        _kill(server, ledger, chance, kills, points, lambda: all(one.done() for one in signing))
        for one in signing:
            one.result()
        officer = Client(venue, venue.officer, ledger, f"{seed} officer")
        countersigning = pool.submit(officer.sign_whatever_happens)
        _kill(server, ledger, chance, max(0, kills - server.kills), points, countersigning.done)
        countersigning.result()
    server.kill()  # it may be about to die at its point
    _start(server, ledger)
    for client in clients:
        client.transport.repeat_completed()
    wait_for_archive(venue, ledger)
    killed = server.kills
    server.kill()
    found = check(venue, ledger)
    found.kills, found.longest_recovery = killed, server.longest_recovery
    return found


def _kill(
    server: Server,
    ledger: Ledger,
    chance: random.Random,
    kills: int,
    points: tuple[str, ...],
    finished: Callable[[], bool],
) -> None:
    """Let servers die until there were so many kills, the clients are done or the time is over; leave one alive."""
    begin = server.kills
    point: str | None = None
    while not finished() and server.kills - begin < kills and not time_is_over():
        life = chance.uniform(0.02, LONGEST_LIFE) if point is None else 3 * LONGEST_LIFE
        _live(server, life * max(1.0, server.last_recovery / USUAL_START), finished)
        if finished() and server.alive:
            return
        server.kill()
        point = chance.choice((None, *points))
        _start(server, ledger, point, chance.randint(1, _last_arrival(point)))
    if not server.alive or point is not None:
        server.kill()
        _start(server, ledger)  # for the clients that are not done


def _start(server: Server, ledger: Ledger, point: str | None = None, count: int = 0) -> None:
    """Raise RecordError if the server refuses to serve, instead of dying at its point."""
    for _ in range(TRIES):
        if server.start(point, count) or (server.exit_code or 0) <= 0:
            return
        time.sleep(PAUSE)  # a killed worker may not have let go of everything yet
    ledger.abandoned.set()
    raise RecordError("the server refuses to start again")


def _last_arrival(point: str | None) -> int:
    return next((count for word, count in LAST_ARRIVAL.items() if point is not None and word in point), 1)


def _live(server: Server, seconds: float, finished: Callable[[], bool]) -> None:
    """Wait until the server is dead, its time is over, or nobody needs it any more."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while server.alive and time.monotonic() < deadline and not finished():
        pause.wait(0.01)


def wait_for_archive(venue: Venue, ledger: Ledger) -> None:
    """The worker of the server that lives adds the archive timestamp by itself, once an officer has countersigned."""
    if venue.officer.signer not in dict(ledger.receipts):
        ledger.complain("nobody has countersigned, so that no archive timestamp will come")
        return
    wanted = len(venue.signers) + 2
    deadline = time.monotonic() + PATIENCE
    with _service_of(venue) as newest:
        while newest() < wanted and time.monotonic() < deadline:
            time.sleep(0.05)
        if newest() < wanted:
            ledger.complain(f"the agreement has {newest()} revisions instead of {wanted}")


@contextlib.contextmanager
def _service_of(venue: Venue) -> Iterator[Callable[[], int]]:
    service = venue.open_service()

    def newest() -> int:
        with service.database.read() as session:
            return agreements.newest_end(session, venue.agreement).number

    try:
        yield newest
    finally:
        service.database.dispose()


def make_venue(folder: Path, parties: int, database_url: str | None = None, **settings: str) -> Venue:
    """A venue on SQLite, or on an empty database of PostgreSQL."""
    if database_url:
        settings["DATABASE_URL"] = database_url
    return Venue.make(folder, parties, **settings)

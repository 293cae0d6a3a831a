"""Does the harness see what it is there to see? Each planted bug must end in a finding."""

from __future__ import annotations

from pathlib import Path

from bench.crowd import Venue
from signing_service.errors import SigningServiceError
from torture.checks import check
from torture.clients import Client, Ledger
from torture.findings import Findings
from torture.killing import make_venue, run_cycle
from torture.server import Server

PARTIES = 3
KILLING = {  # bug: the point at which its servers are killed
    "any successor": (),
    "checkpoint before commit": ("before a commit",),
    "receipts anew": (),
    "sent before sending": ("before a mail",),
    "mail after commit": ("after a commit",),
}


def catch(bug: str, folder: Path, seed: str) -> Findings:
    """Plant one bug into the servers of a small agreement; what comes back is not clean if it was caught."""
    venue = make_venue(folder, PARTIES)
    if bug == "no guard":
        return restore_an_older_database(venue, bug)
    kills = 12 if KILLING[bug] else 0
    try:
        return run_cycle(venue, seed, kills, KILLING[bug], bug)
    except SigningServiceError as error:  # a server that refuses to start again says why
        return Findings(complaints=[error.message])


def restore_an_older_database(venue: Venue, bug: str | None = None) -> Findings:
    """Sign, restore the database of before, and let another sign: the guard must stop that."""
    ledger, server = Ledger(), Server(venue, bug)
    first, second = (Client(venue, member, ledger, member.signer) for member in venue.signers[:2])
    try:
        server.start()
        first.come_in()
        second.come_in()
        server.kill()
        before = _files(venue)
        kept = [path.read_bytes() for path in before]
        server.start()
        ledger.acknowledge(first.member.signer, first.sign())
        server.kill()
        for path in venue.folder.glob("service.sqlite3*"):
            path.unlink()
        for path, data in zip(before, kept, strict=True):
            path.write_bytes(data)
        if server.start():
            ledger.acknowledge(second.member.signer, second.sign())
    finally:
        server.kill()
    return check(venue, ledger)


def _files(venue: Venue) -> list[Path]:
    return sorted(venue.folder.glob("service.sqlite3*"))

"""Trials: each arranges one danger for a venue and says what came of it; a planted bug must end in a finding.

::

    found = dead_browser(make_venue(folder, 2), "seed")
    found.clean
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import update

from bench.crowd import PASSWORD, Venue, free_port
from signing_service.ceremony.browser import RefusedError
from signing_service.ceremony.signer import Act, SoftwareKey, sign
from signing_service.encoding import canonical_json, to_base64url
from signing_service.errors import SigningServiceError
from signing_service.setting_values import PREFIX
from signing_service.store import outbox
from signing_service.store.tables import OutboxMail
from signing_service.workflow.prepared import LEASE
from torture.checks import check, check_mails, mails_in
from torture.clients import Client, Ledger
from torture.findings import Findings
from torture.server import Server

PATIENCE = 60.0  # seconds for mails to leave, however busy the machine is
MARGIN = 12.0  # seconds that the next in the queue may take once a lease has run out


def older_database(venue: Venue, _seed: str, bug: str | None = None) -> Findings:
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
        else:
            ledger.excuses.add((venue.folder / "service.log").read_text().strip().rpartition("\n")[2])
    finally:
        server.kill()
    found = check(venue, ledger)
    found.excuses = sorted(ledger.excuses)
    return found


def _files(venue: Venue) -> list[Path]:
    return sorted(venue.folder.glob("service.sqlite3*"))


def dead_browser(venue: Venue, seed: str, bug: str | None = None) -> Findings:
    """Somebody takes the turn and is never heard of again: the next one signs soon after the lease."""
    found, ledger, server = Findings(faults=1), Ledger(), Server(venue, bug)
    dying, living = (Client(venue, member, ledger, f"{seed} {member.signer}") for member in venue.signers[:2])
    try:
        server.start()
        dying.come_in()
        living.come_in()
        _take_the_turn(dying)
        begin = time.monotonic()
        living.give_up_after(LEASE.total_seconds() + MARGIN)
        living.sign()
        found.acknowledged = 1
        found.longest_recovery = time.monotonic() - begin
    except SigningServiceError as error:
        found.complaints.append(f"a dead browser holds the queue: {error.message}")
    finally:
        server.kill()
    return found


def _take_the_turn(client: Client) -> None:
    agreement, member, key = client.venue.agreement, client.member, SoftwareKey()
    wanted = {"signer": member.signer, "mark": {"typed": member.name}, "consent_language": "en"}
    _, attempt = client.post(f"/api/agreements/{agreement}/attempts", wanted)
    approval = {
        "request": to_base64url(key.request()),
        "statement": to_base64url(canonical_json({**attempt["statement"], "key": to_base64url(key.spki)})),
        "approval": {"password": PASSWORD},
    }
    client.post(f"/api/attempts/{attempt['attempt']}/approval", approval, accept=(200,))


def no_authority(venue: Venue, seed: str, bug: str | None = None) -> Findings:
    """The timestamp authority is down: nothing is signed, and the answer says why."""
    anchors = venue.folder / "anchors.pem"
    anchors.write_bytes(venue.trust.root.public_bytes(Encoding.PEM))
    venue.environment[PREFIX + "TIMESTAMP_URLS"] = f"http://127.0.0.1:{free_port()}/"
    venue.environment[PREFIX + "TIMESTAMP_ANCHORS_FILE"] = str(anchors)
    server, found = Server(venue, bug), Findings(faults=1)
    client = Client(venue, venue.signers[0], Ledger(), seed)
    try:
        server.start()
        client.come_in()
        client.transport.patience = 2.0
        client.sign()
        found.complaints.append("a signature was acknowledged although no timestamp authority answered")
    except SigningServiceError as error:
        if "timestamp" not in error.message:
            found.complaints.append(f"the answer does not name the timestamp authority: {error.message}")
    finally:
        server.kill()
    return found


def killed_before_a_mail(venue: Venue, _seed: str, bug: str | None = None) -> Findings:
    """The server dies with the first mail in its hands: the next one sends it, and all that were claimed with it."""
    server, found = Server(venue, bug), Findings()
    service = venue.open_service()

    def waiting() -> bool:
        with service.database.read() as session:
            return outbox.count(session, "waiting") > 0

    try:
        server.start("before a mail", 1)
        _wait_while(lambda: server.alive, "no mail was about to be sent", found)
        server.kill()
        with service.database.begin() as session:  # what the dead one claimed is due at once, not in five minutes
            session.execute(update(OutboxMail).values(next_attempt=service.clock()))
        server.start()
        _wait_while(waiting, "nobody sent the mails that wait", found)
        server.kill()
        with service.database.read() as session:
            check_mails(session, venue.agreement, mails_in(venue.folder / "mail"), found)
    finally:
        server.kill()
        service.database.dispose()
    found.kills = server.kills
    return found


def _wait_while(condition: Callable[[], bool], complaint: str, found: Findings) -> None:
    deadline = time.monotonic() + PATIENCE
    while condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    if condition():
        found.complaints.append(complaint)


class _Forger(SoftwareKey):
    """Sends a signature over something else."""

    def sign(self, data: bytes) -> bytes:
        return super().sign(data + b"!")


def forged_signature(venue: Venue, seed: str, bug: str | None = None) -> Findings:
    """A browser sends a signature that does not fit: it is refused before anything is embedded."""
    server, found = Server(venue, bug), Findings(faults=1)
    member = venue.signers[0]
    client = Client(venue, member, Ledger(), seed)
    try:
        server.start()
        client.come_in()
        sign(
            client, Act(venue.agreement, member.signer, member.name, venue.revision0), PASSWORD, venue.trust, _Forger()
        )
        found.complaints.append("a signature that fits nothing was acknowledged")
    except RefusedError as error:
        if "422" not in error.message:
            found.complaints.append(f"refused, but not as a bad signature: {error.message}")
    except SigningServiceError as error:
        found.complaints.append(f"a signature that fits nothing was answered: {error.message}")
    finally:
        server.kill()
    return found

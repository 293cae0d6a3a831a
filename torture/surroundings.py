"""What a server depends on, each of it in our hands: timestamp authorities, mail server, log witness, PostgreSQL.

::

    with Surroundings.around(folder / "beside") as around:
        venue = around.venue(folder / "venue", parties=3)
        with around.without("both authorities", chance):
            ...  # nothing can be signed
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from bench.crowd import Venue
from signing_service.pki.http_authority import HttpAuthority
from signing_service.store import outbox
from signing_service.workflow import delivery, worker
from torture.authority import ANCHORS, MOODS, Authority
from torture.killing import make_venue
from torture.onlooker import Onlooker
from torture.peer import Peer
from torture.postbox import Postbox
from torture.postgres import Cluster

AUTHORITY_TIMEOUT = 0.5  # seconds, instead of the ten that servers have
MAIL_LEASE = timedelta(seconds=8)  # instead of five minutes
OUTAGES = ("one authority", "both authorities", "mail server", "an answer to a mail", "log witness")
DATABASE = "database"
GONE = "gone"  # an authority that does not listen


def impatient() -> None:
    """In the server's process: what waits for seconds or minutes after a failure waits for moments."""
    waits = HttpAuthority.__init__.__kwdefaults__
    waits["timeout"], waits["deadline"] = AUTHORITY_TIMEOUT, 2 * AUTHORITY_TIMEOUT
    outbox.FIRST_RETRY = outbox.OUTAGE_PAUSE = timedelta(seconds=1)
    outbox.LONGEST_RETRY = MAIL_LEASE  # a claim that ends later than twice that would count for nothing
    delivery.LEASE, delivery.HAND_OVER = MAIL_LEASE, MAIL_LEASE / 2
    worker.LONGEST_PAUSE = 1.0


@dataclass(frozen=True)
class Surroundings:
    """All that is around one venue's servers."""

    folder: Path
    authorities: tuple[Authority, Authority]
    postbox: Postbox
    witness: Onlooker
    cluster: Cluster | None

    @classmethod
    @contextlib.contextmanager
    def around(cls, folder: Path, cluster: Cluster | None = None) -> Iterator[Surroundings]:
        """All of it runs inside the block; ``folder`` is made."""
        folder.mkdir(parents=True)
        with Authority() as first, Authority() as second, Postbox() as postbox, Onlooker(folder) as witness:
            yield cls(folder, (first, second), postbox, witness, cluster)

    def venue(self, folder: Path, parties: int) -> Venue:
        """A venue whose servers depend on it."""
        anchors, witnesses = self.folder / "anchors.pem", self.folder / "witnesses"
        anchors.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in ANCHORS))
        witnesses.write_text(self.witness.line)
        venue = make_venue(
            folder,
            parties,
            self.cluster.url if self.cluster else None,
            TIMESTAMP_URLS=" ".join(one.url for one in self.authorities),
            TIMESTAMP_ANCHORS_FILE=str(anchors),
            SMTP_URL=self.postbox.url,
            MAIL_FROM="signing@alliance.example",
            WITNESSES_FILE=str(witnesses),
            WITNESS_QUORUM="none",
        )
        self.witness.watch(venue.trust.record_key)
        return venue

    @property
    def outages(self) -> list[str]:
        """What can be missing here."""
        return [*OUTAGES, *([DATABASE] if self.cluster else [])]

    @contextlib.contextmanager
    def without(self, what: str, chance: random.Random) -> Iterator[None]:
        """One of ``outages`` for as long as the block lasts; an answer to a mail is swallowed once."""
        with contextlib.ExitStack() as stack:
            match what:
                case "one authority":
                    stack.enter_context(failing(self.authorities[0], chance.choice((GONE, *MOODS))))
                case "both authorities":
                    for authority in self.authorities:
                        stack.enter_context(failing(authority, chance.choice((GONE, *MOODS))))
                case "mail server":
                    stack.enter_context(_missing(self.postbox))
                case "an answer to a mail":
                    self.postbox.swallow += 1
                case "log witness":
                    stack.enter_context(_missing(self.witness))
                case _:
                    stack.enter_context(self._no_database(chance))
            yield

    @contextlib.contextmanager
    def _no_database(self, chance: random.Random) -> Iterator[None]:
        assert self.cluster is not None
        server = self.cluster.primary
        chance.choice((server.stop, server.kill))()
        try:
            yield
        finally:
            server.start()


@contextlib.contextmanager
def failing(authority: Authority, mood: str) -> Iterator[None]:
    """An authority in that mood, or gone, inside the block."""
    if mood == GONE:
        with _missing(authority):
            yield
        return
    authority.mood = mood
    try:
        yield
    finally:
        authority.mood = "honest"
        authority.let_go()


@contextlib.contextmanager
def _missing(peer: Peer) -> Iterator[None]:
    peer.let_down()
    try:
        yield
    finally:
        peer.bring_back()

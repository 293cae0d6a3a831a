"""A log with feeds for the monitor's tests: honest by default, with the lies that a test tells it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from signing_service.errors import NotFoundError
from signing_service.evidence.event_lines import BundledEvent, format_event_lines
from signing_service.evidence.monitor import MonitorState, follow
from signing_service.evidence.record_keys import RecordKeys
from signing_service.evidence.sightings import Sighting
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.entry import entry_digest, make_entry, parse_entry
from signing_service.record.note import Signer
from tests.cast import LIN, NANJING, ORIGIN, SOMCHAI
from tests.record import reference
from tests.record.cast import AGREEMENT, LOG, event, salt

OTHER = "theotheragreementofthetest"
LIFE = (
    event(0, "publication", pdf_sha256="00" * 32),
    event(1, "mandate", mandate={"party": NANJING.id, "role": "president", "representative": {"name": LIN.name}}),
    event(2, "enrolment", signer=LIN.signer, key_sha256="11" * 32),
    event(3, "confirmation", signer=LIN.signer, officer="officer", enrolment=2, method="phone", key_sha256="11" * 32),
    event(4, "issuance", signer=SOMCHAI.signer, act="signature", certificate_sha256="22" * 32),
    event(5, "issuance", signer=LIN.signer, act="signature", certificate_sha256="33" * 32),
    event(6, "refusal", signer=LIN.signer, reason="a private reason"),
)


@dataclass
class Service:
    """What a monitor reads over HTTP, as plain bytes; ``lines`` are the feeds' openings by index."""

    entries: list[bytes] = field(default_factory=list)
    lines: dict[int, BundledEvent] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    signer: Signer = LOG
    page: int = 2
    asked: list[str] = field(default_factory=list)
    keys: RecordKeys = field(default_factory=lambda: RecordKeys(LOG.verifier_key))

    def add(self, data: bytes, scope: str = AGREEMENT) -> int:
        """Append an event, chained to its scope's newest entry; gives its index."""
        index = len(self.entries)
        chain = [entry for entry in self.entries if parse_entry(entry).scope == scope]
        entry = make_entry(data, salt(index), entry_digest(chain[-1]) if chain else None)
        self.entries.append(entry)
        self.lines[index] = BundledEvent(index, entry, data, salt(index))
        return index

    def erase(self, index: int, sequence: int, claim: bool = True) -> None:
        """Forget an opening, with the ``erased`` event that says so unless it lies."""
        gone = parse_entry(self.entries[index])
        self.lines[index] = replace(self.lines[index], event=None, salt=None)
        if claim:
            self.add(event(sequence, "erased", erased=gone.sequence, erased_type=gone.type, reason="asked for"))

    def fetch(self, path: str) -> bytes:
        self.asked.append(path)
        if path == "checkpoint":
            root = reference.tree_hash(self.entries)
            return sign_checkpoint(Checkpoint(ORIGIN, len(self.entries), root), self.signer)
        tiles = reference.write_tiles(self.entries)
        if path not in tiles:
            raise NotFoundError(f"{path} is not there")
        return tiles[path]

    def feed(self, agreement: str, start: int) -> bytes:
        self.asked.append(f"feed {start}")
        if agreement in self.closed:
            raise NotFoundError("there is no such feed")
        own = [line for line in self.lines.values() if parse_entry(line.entry).scope == agreement]
        return format_event_lines([line for line in own if line.index >= start][: self.page])

    def follow(
        self, state: MonitorState | None = None, *agreements: str, accepted: tuple[int, ...] = ()
    ) -> tuple[list[Sighting], MonitorState]:
        return follow(
            state or MonitorState(),
            self.fetch,
            self.feed,
            self.keys,
            agreements or (AGREEMENT,),
            party=NANJING.id,
            accepted=accepted,
        )


def service(*events: bytes) -> Service:
    """An honest one with these events of the agreement (its usual life), between two of somebody else's."""
    made = Service()
    made.add(event(0, "publication", OTHER), OTHER)
    for data in events or LIFE:
        made.add(data)
    made.add(event(1, "mandate", OTHER), OTHER)
    return made

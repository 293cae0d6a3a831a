"""The record as everybody may read it: C2SP tlog-tiles, and its state in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from signing_service.errors import NotFoundError
from signing_service.evidence.trust import TrustFile
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.note import parse_note
from signing_service.record.tiles import parse_tile_path
from signing_service.store import cosignatures, publisher
from signing_service.store.tree import read_tile
from signing_service.workflow.proofs import with_cosignatures
from signing_service.workflow.service import Service
from signing_service.workflow.trust import current
from signing_service.workflow.witnesses import witness_id


@dataclass(frozen=True, slots=True)
class RecordState:
    """The newest released checkpoint."""

    size: int
    """Entries."""
    root: bytes
    published: datetime
    note: str
    """The signed note, with cosignatures."""
    trust: TrustFile
    """As it stands now: whose cosignatures count, and how many are needed."""
    cosigned: int
    """How many of the trust file's log witnesses have cosigned it."""
    witnessed: int | None
    """Entries under the newest checkpoint that enough of them have cosigned; None while there is none."""


def record_state(service: Service) -> RecordState:
    """The record's newest state; raises NotFoundError before the first checkpoint."""
    with service.database.read() as session:
        newest = publisher.newest(session)
        if newest is None:
            raise NotFoundError("the record has no checkpoint yet")
        note = with_cosignatures(session, newest)
        checkpoint = parse_checkpoint(parse_note(note).text)
        trust = current(session)
        known = {witness_id(key) for key in trust.witnesses}
        count = sum(witness in known for witness in cosignatures.of_checkpoint(session, newest.size))
        quorum = trust.quorum
        enough = None if quorum is None else cosignatures.newest_by_quorum(session, known, quorum)
        witnessed = None if enough is None else enough.size
        return RecordState(checkpoint.size, checkpoint.root, newest.published, note.decode(), trust, count, witnessed)


def tile(service: Service, path: str) -> bytes:
    """A tile or entry bundle of the released tree, by its path (``tile/0/x001/067``); raises NotFoundError."""
    wanted = parse_tile_path(path)
    with service.database.read() as session:
        newest = publisher.newest(session)
        if newest is None:
            raise NotFoundError("the record has no checkpoint yet")
        return read_tile(session, wanted, newest.size)

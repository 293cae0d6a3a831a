"""The record as everybody may read it: C2SP tlog-tiles, and its state in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from signing_service.errors import NotFoundError
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.note import parse_note
from signing_service.record.tiles import parse_tile_path
from signing_service.store import publisher
from signing_service.store.tables import Cosignature
from signing_service.store.tree import read_tile
from signing_service.workflow.proofs import newest_checkpoint
from signing_service.workflow.service import Service


@dataclass(frozen=True, slots=True)
class RecordState:
    """The newest released checkpoint."""

    size: int
    """Entries."""
    root: bytes
    published: datetime
    note: str
    """The signed note, with cosignatures."""
    cosigned: int
    """How many log witnesses have cosigned it."""


def record_state(service: Service) -> RecordState:
    """The record's newest state; raises NotFoundError before the first checkpoint."""
    with service.database.read() as session:
        newest = publisher.newest(session)
        if newest is None:
            raise NotFoundError("the record has no checkpoint yet")
        count = select(func.count()).select_from(Cosignature).where(Cosignature.size == newest.size)
        note = newest_checkpoint(session)
        checkpoint = parse_checkpoint(parse_note(note).text)
        return RecordState(
            checkpoint.size, checkpoint.root, newest.published, note.decode(), session.scalar(count) or 0
        )


def tile(service: Service, path: str) -> bytes:
    """A tile or entry bundle of the released tree, by its path (``tile/0/x001/067``); raises NotFoundError."""
    wanted = parse_tile_path(path)
    with service.database.read() as session:
        newest = publisher.newest(session)
        if newest is None:
            raise NotFoundError("the record has no checkpoint yet")
        return read_tile(session, wanted, newest.size)

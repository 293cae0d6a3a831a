"""Offline proofs of the record's entries, under the newest released checkpoint and its cosignatures."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from signing_service.errors import RecordError
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.note import parse_note, parse_signatures
from signing_service.record.proof import Proof, format_proof
from signing_service.record.tree import inclusion_proof
from signing_service.store import publisher
from signing_service.store.tables import Cosignature
from signing_service.store.tree import hash_reader
from signing_service.workflow.service import Service


def prove(session: Session, index: int) -> bytes:
    """The tlog-proof of one entry; raises RecordError while no released checkpoint covers it."""
    return prove_all(session, [index])[index]


def prove_all(session: Session, indices: Iterable[int]) -> dict[int, bytes]:
    """The tlog-proofs of several entries, all under one checkpoint."""
    note = newest_checkpoint(session)
    size = parse_checkpoint(parse_note(note).text).size
    read_hash = hash_reader(session)
    proofs = {}
    for index in indices:
        if index >= size:
            raise RecordError(f"entry {index} is not published yet", hint="publish a checkpoint, then ask again")
        proofs[index] = format_proof(Proof(index, tuple(inclusion_proof(index, size, read_hash)), note))
    return proofs


def ensure_published(service: Service, index: int) -> None:
    """Publish the record unless a released checkpoint covers this entry: a process may have died before it did."""
    with service.database.read() as session:
        checkpoint = publisher.newest(session)
    if checkpoint is None or checkpoint.size <= index:
        service.publish()


def newest_checkpoint(session: Session) -> bytes:
    """The newest released checkpoint as a signed note with all cosignatures that have arrived."""
    checkpoint = publisher.newest(session)
    if checkpoint is None:
        raise RecordError("the record has no released checkpoint yet")
    lines = session.scalars(select(Cosignature.line).where(Cosignature.size == checkpoint.size))
    cosignatures = [signature for line in lines for signature in parse_signatures(line)]
    return parse_note(checkpoint.note.encode()).with_signatures(cosignatures).format()

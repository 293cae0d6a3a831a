"""Offline proofs of the record's entries, under the newest released checkpoint and its cosignatures."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from signing_service.errors import DamagedError, RecordError
from signing_service.evidence.trust import TrustFile
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.note import parse_note, parse_signatures
from signing_service.record.proof import Proof, format_proof
from signing_service.record.tree import inclusion_proof, verify_inclusion
from signing_service.store import cosignatures, publisher
from signing_service.store.publisher import Released
from signing_service.store.tables import Checkpoint
from signing_service.store.tree import hashes_for
from signing_service.workflow.witnesses import witness_id


def prove(session: Session, index: int) -> bytes:
    """The tlog-proof of one entry; raises RecordError while no released checkpoint covers it."""
    return prove_all(session, [index])[index]


def prove_all(session: Session, indices: Iterable[int], note: bytes | None = None) -> dict[int, bytes]:
    """The tlog-proofs of several entries, all under one checkpoint: ``note``, a signed one, or the newest.

    Each is verified before it is given away, since receipts are kept. Raises DamagedError where the stored tree does
    not lead to the checkpoint.
    """
    note = newest_checkpoint(session) if note is None else note
    checkpoint, wanted = parse_checkpoint(parse_note(note).text), list(indices)
    size = checkpoint.size
    for index in wanted:
        if index >= size:
            hint = f"the newest checkpoint covers {size} entries, the first of them 0; a younger entry needs a moment"
            raise RecordError(f"entry {index} is not published", hint=hint)
    read_hash = hashes_for(session, lambda read: [(read(0, one), inclusion_proof(one, size, read)) for one in wanted])
    proofs = {}
    for index in wanted:
        path = inclusion_proof(index, size, read_hash)
        try:
            verify_inclusion(index, size, read_hash(0, index), path, checkpoint.root)
        except RecordError as error:
            hint = "stop the service, keep this database as evidence, restore the newest backup that verifies"
            raise DamagedError(f"the record is damaged at entry {index}: {error.message}", hint=hint) from error
        proofs[index] = format_proof(Proof(index, tuple(path), note))
    return proofs


def is_published(session: Session, index: int) -> bool:
    """Whether a released checkpoint covers this entry."""
    checkpoint = publisher.newest(session)
    return checkpoint is not None and checkpoint.size > index


def newest_checkpoint(session: Session) -> bytes:
    """The newest released checkpoint as a signed note with all cosignatures that have arrived."""
    checkpoint = publisher.newest(session)
    if checkpoint is None:
        raise RecordError("the record has no released checkpoint yet")
    return with_cosignatures(session, checkpoint)


def witnessed_checkpoint(session: Session, trust: TrustFile, size: int) -> bytes:
    """The newest checkpoint of ``size`` entries or more that the trust file's quorum cosigned, else the newest.

    Signing never waits for witnesses, so the newest one may lack what one a moment older has.
    """
    if trust.quorum is not None:
        known = [witness_id(key) for key in trust.witnesses]
        found = cosignatures.newest_by_quorum(session, known, trust.quorum, above=size)
        if found is not None:
            return with_cosignatures(session, found)
    return newest_checkpoint(session)


def with_cosignatures(session: Session, checkpoint: Released | Checkpoint) -> bytes:
    """A released checkpoint with all cosignatures that have arrived."""
    lines = cosignatures.of_checkpoint(session, checkpoint.size).values()
    found = [signature for line in lines for signature in parse_signatures(line)]
    return parse_note(checkpoint.note.encode()).with_signatures(found).format()

"""Recompute a whole tlog-tiles log, ours or anybody's, and say what is wrong with it. ::

    report = audit(open_source("log/"), [log_key], since=[earlier_checkpoint])
    report.verdict          # "PASSED", "FAILED" or "INDETERMINATE"
    report.findings         # each with the path of the resource and what is wrong with it

Nothing is believed but the keys: every hash is computed from the entries, every tile compared with
what was computed, the root with the signed checkpoint, and earlier checkpoints with the same entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from signing_service.errors import FormatError, NotFoundError, RecordError, SigningServiceError
from signing_service.record.audit_tiles import CHECKPOINT, Finding, TileAudit, TooManyFindings
from signing_service.record.checkpoint import Checkpoint, verify_checkpoint
from signing_service.record.note import VerifierKey, parse_note
from signing_service.record.sources import fetch_each
from signing_service.record.tiles import TILE_WIDTH, Fetch, Tile

MAX_SIGNERS_NAMED = 5

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found; ``checkpoint`` is None if there was none that the key signed."""

    checkpoint: Checkpoint | None
    findings: tuple[Finding, ...]
    own_entries: int = 0
    """How many entries are of this service's format, whose chains were followed."""
    signed_checkpoint: bytes | None = None
    """The checkpoint as it was read, with whatever cosignatures it carries; those are not verified here."""

    @property
    def verdict(self) -> str:
        """``FAILED`` if anything is wrong, ``INDETERMINATE`` if something could not be told, else ``PASSED``."""
        if any(not finding.open_question for finding in self.findings):
            return "FAILED"
        return "INDETERMINATE" if self.findings else "PASSED"


def audit(
    fetch: Fetch,
    keys: Sequence[VerifierKey],
    *,
    origin: str | None = None,
    since: Sequence[bytes] = (),
    progress: Progress | None = None,
    workers: int = 0,
) -> AuditReport:
    """Audit the log behind ``fetch``; ``since`` are signed checkpoints that were seen earlier.

    1. The checkpoint is signed by a key and names the origin (the first key's name by default).
    2. No earlier checkpoint is larger, or of the same size with another root.
    3. Every hash tile is what the entries give, and the root is the signed one.
    4. Each earlier checkpoint's root is that of the same entries.
    5. Entries of this service form one unbroken chain for each scope.
    6. The log does not hold entries beyond a checkpoint that stays behind.

    ``progress(done, size)`` is called as entries are read; ``workers`` threads fetch ahead. Raises
    UnavailableError if the log cannot be read through.
    """
    # (1)
    try:
        signed_checkpoint = fetch(CHECKPOINT)
        checkpoint = verify_checkpoint(signed_checkpoint, keys, origin)
    except SigningServiceError as error:
        return AuditReport(None, (_checkpoint_finding(fetch, error),))
    # (2)
    findings, earlier = _earlier_checkpoints(checkpoint, keys, since)
    # (3) (4) (5)
    tiles = TileAudit(fetch, checkpoint, earlier, workers)
    try:
        tiles.run(progress or (lambda done, size: None))
    except TooManyFindings:
        tiles.findings.append(Finding(CHECKPOINT, "more is wrong than is worth listing: the audit stopped"))
    findings += tiles.findings
    # (6)
    findings += _entries_beyond(fetch, checkpoint, keys, nearby=not workers)
    return AuditReport(checkpoint, tuple(findings), tiles.chains.own, signed_checkpoint)


def _checkpoint_finding(fetch: Fetch, error: SigningServiceError) -> Finding:
    if isinstance(error, NotFoundError):
        return Finding(CHECKPOINT, "is missing")
    if not isinstance(error, FormatError | RecordError):
        raise error
    try:
        note = parse_note(fetch(CHECKPOINT))
    except SigningServiceError:
        return Finding(CHECKPOINT, error.message)
    signers = [f"{line.name} (key id {line.key_id.hex()})" for line in note.signatures[:MAX_SIGNERS_NAMED]]
    if len(note.signatures) > MAX_SIGNERS_NAMED:
        signers.append(f"{len(note.signatures) - MAX_SIGNERS_NAMED} more")
    return Finding(CHECKPOINT, f"{error.message}; it is signed by {', '.join(signers)}")


def _earlier_checkpoints(
    checkpoint: Checkpoint, keys: Sequence[VerifierKey], since: Sequence[bytes]
) -> tuple[list[Finding], list[Checkpoint]]:
    """What contradicts the checkpoint outright, and the earlier ones whose roots are to be recomputed."""
    findings, earlier = [], []
    for signed in since:
        try:
            seen = verify_checkpoint(signed, keys, checkpoint.origin)
        except (FormatError, RecordError) as error:
            findings.append(Finding(CHECKPOINT, f"the earlier checkpoint is not this log's: {error.message}"))
            continue
        if seen.size > checkpoint.size:
            problem = f"rolled back: it has size {checkpoint.size}, but an earlier one has size {seen.size}"
            findings.append(Finding(CHECKPOINT, problem))
        elif seen.size == checkpoint.size and seen.root != checkpoint.root:
            problem = f"forked: it and an earlier one have the same size {seen.size} but different roots"
            findings.append(Finding(CHECKPOINT, problem))
        elif 0 < seen.size < checkpoint.size:
            earlier.append(seen)
    return findings, earlier


def _entries_beyond(fetch: Fetch, checkpoint: Checkpoint, keys: Sequence[VerifierKey], nearby: bool) -> list[Finding]:
    """A question if the log holds entries that the checkpoint does not reach, now or on a second look.

    The next full bundle is looked for; partial ones too where asking is cheap (``nearby``).
    """
    index, width = divmod(checkpoint.size, TILE_WIDTH)
    widths = (TILE_WIDTH, *range(width + 1, TILE_WIDTH)) if nearby else (TILE_WIDTH,)
    bundles = [Tile(None, index, wider) for wider in widths]
    found = zip(bundles, fetch_each(fetch, [bundle.path for bundle in bundles]), strict=True)
    beyond = next((bundle for bundle, data in found if data is not None), None)
    if beyond is None:
        return []
    try:
        again = verify_checkpoint(fetch(CHECKPOINT), keys, checkpoint.origin)
    except (NotFoundError, FormatError, RecordError):
        again = checkpoint
    if again.size >= beyond.index * TILE_WIDTH + beyond.width:
        return []
    problem = f"lies beyond the checkpoint of size {checkpoint.size}: that was rolled back, or the log is being written"
    return [Finding(beyond.path, problem, open_question=True)]

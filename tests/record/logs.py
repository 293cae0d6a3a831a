"""Logs for the audit's tests: foreign ones, written by the slow reference, and ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from signing_service.errors import NotFoundError
from signing_service.record.audit import AuditReport, audit
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.note import Signer
from tests.cast import ORIGIN
from tests.record import reference
from tests.record.cast import LOG, event, history

Files = dict[str, bytes]

FOREIGN = [f"somebody else's entry {number}".encode() for number in range(1300)]
OURS = history([event(number) for number in range(700)])
KEYS = [LOG.verifier_key]


@cache
def tree_hash(size: int) -> bytes:
    return reference.tree_hash(FOREIGN[:size])


def signed(size: int, signer: Signer = LOG) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, tree_hash(size)), signer)


@cache
def tiles(size: int) -> Files:
    return reference.write_tiles(FOREIGN[:size])


def log(size: int = 1300) -> Files:
    """A log that the slow reference wrote: it shares no code with what is tested."""
    return tiles(size) | {"checkpoint": signed(size)}


def own_log(entries: list[bytes]) -> Files:
    root = reference.tree_hash(entries)
    return reference.write_tiles(entries) | {"checkpoint": sign_checkpoint(Checkpoint(ORIGIN, len(entries), root), LOG)}


def fetch_from(files: Files) -> Callable[[str], bytes]:
    def fetch(path: str) -> bytes:
        if path not in files:
            raise NotFoundError(f"{path} is not there")
        return files[path]

    return fetch


def audited(files: Files, *since: bytes, workers: int = 0) -> AuditReport:
    return audit(fetch_from(files), KEYS, since=since, workers=workers)


def found(report: AuditReport) -> list[tuple[str, str]]:
    return [(finding.path, finding.problem) for finding in report.findings]

"""Asking log witnesses to cosign the newest checkpoint: in the background, each on its own, again after a while.

    ask_witnesses(service)            # by the worker: whoever is due is asked now
    take_in(service, answer)          # a cosignature that came back as a file

Signing never waits for this. A witness is claimed in one transaction, asked outside any, and its cosignature (or why
there is none) is stored in another, so that any number of workers do no harm. A witness that contradicts the record
(C2SP tlog-witness: it cosigned what this tree does not grow from) is an alarm: a line in the log, a mail to the
officers the first time, and in ``status`` until the witness cosigns again.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from sqlalchemy.orm import Session

from signing_service.errors import (
    ForkError,
    FormatError,
    NotFoundError,
    RecordError,
    SigningServiceError,
    UnavailableError,
)
from signing_service.record.cosignature import add_cosignatures, verify_cosignatures
from signing_service.record.note import Signature, VerifierKey, parse_note, parse_signatures
from signing_service.record.tree import ReadHash
from signing_service.record.witness_client import MAX_ANSWER, Post, make_request, obtain_cosignature
from signing_service.store import cosignatures, publisher
from signing_service.store.outbox import retry_wait
from signing_service.store.tables import Checkpoint, WitnessProgress
from signing_service.store.tree import hash_reader
from signing_service.workflow.notification import tell_about_contradiction
from signing_service.workflow.service import Service
from signing_service.workflow.witnesses import ADD_CHECKPOINT, LogWitness

TIMEOUT = 10.0  # seconds for each of connecting, sending and waiting for the next bytes
DEADLINE = 30.0  # seconds for a whole answer
LEASE = timedelta(minutes=3)  # longer than asking one witness takes, twice
AT_ONCE = 16  # witnesses asked side by side
SEARCHED = 1000  # newest checkpoints among which the one of a cosignature on file is looked for

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WitnessStatus:
    """How it goes with one log witness that is asked, or of which an alarm stands."""

    name: str
    url: str | None
    """None: by file, or no longer asked."""
    cosigned: int
    """Entries under the newest checkpoint that it cosigned; 0 for none."""
    error: str | None
    """Why it last did not."""
    next_attempt: datetime | None
    """When it is asked again, after a failure."""
    alarm: str | None
    """What it says against the record."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One witness that is due, and what it is asked for."""

    witness: LogWitness
    note: bytes
    size: int
    known_size: int
    """Of the tree that it cosigned for us last."""
    attempts: int


def ask_witnesses(service: Service) -> int:
    """Ask every witness that is due to cosign the newest checkpoint; return how many did."""
    tasks = _due(service)
    if not tasks:
        return 0
    with ThreadPoolExecutor(min(len(tasks), AT_ONCE), thread_name_prefix="witness") as pool:
        return sum(pool.map(lambda task: _ask(service, task), tasks))


def witnesses_of(service: Service) -> list[WitnessStatus]:
    """The configured witnesses in their order, and any other of which an alarm stands."""
    with service.database.read() as session:
        rows = {row.witness: row for row in cosignatures.progress_of_all(session)}
    asked = {witness.id: witness.url for witness in service.witnesses}
    names = [*asked, *(name for name, row in rows.items() if row.alarm and name not in asked)]
    return [_status(name, asked.get(name), rows.get(name)) for name in names]


def _status(witness: str, url: str | None, row: WitnessProgress | None) -> WitnessStatus:
    name = witness.rpartition("+")[0]
    if row is None:
        return WitnessStatus(name, url, 0, None, None, None)
    return WitnessStatus(name, url, row.cosigned, row.error, row.next_attempt if row.error else None, row.alarm)


def _due(service: Service) -> list[_Task]:
    online = [witness for witness in service.witnesses if witness.url is not None]
    with service.database.read() as session:
        newest = publisher.newest(session)
        if newest is None or not online:
            return []
        done = cosignatures.of_checkpoint(session, newest.size).keys()
        early = {row.witness for row in cosignatures.progress_of_all(session) if row.next_attempt > service.clock()}
    open_ones = [witness for witness in online if witness.id not in done | early]
    if not open_ones:
        return []
    with service.database.begin() as session:
        claimed = [(one, cosignatures.claim(session, one.id, now=service.clock(), lease=LEASE)) for one in open_ones]
        return [
            _Task(one, newest.note.encode(), newest.size, row.cosigned, row.attempts) for one, row in claimed if row
        ]


def _ask(service: Service, task: _Task) -> int:
    """Ask one witness; whatever goes wrong is noted, and is no trouble for the others."""
    key = task.witness.key
    try:
        post = http_post(f"{task.witness.url}{ADD_CHECKPOINT}")
        line = obtain_cosignature(post, task.note, key, _hashes(service), task.known_size)
        with service.database.begin() as session:
            _keep(session, service, task.witness, task.note, task.size, line)
        return 1
    except SigningServiceError as error:
        _note_failure(service, task, error)
    return 0


def _note_failure(service: Service, task: _Task, error: SigningServiceError) -> None:
    now, alarm = service.clock(), isinstance(error, ForkError)
    _log.log(logging.CRITICAL if alarm else logging.WARNING, "%s%s", "ALARM: " if alarm else "", error.message)
    with service.database.begin() as session:
        wait = retry_wait(task.attempts + 1)
        new = cosignatures.put_off(
            session, task.witness.id, error.message, next_attempt=now + wait, now=now, alarm=alarm
        )
        if new:
            tell_about_contradiction(session, service, error.message, error.hint, now)


def _keep(
    session: Session, service: Service, witness: LogWitness, note: bytes, size: int, line: Signature
) -> None:
    (found,) = verify_cosignatures(add_cosignatures(note, [line]), [witness.key], 1)
    cosignatures.add(session, size, witness.id, line.format(), time=found.time, now=service.clock())


def _hashes(service: Service) -> ReadHash:
    """Read each hash of the tree in a short transaction of its own: none is open while a witness is waited for."""

    def read_hash(level: int, index: int) -> bytes:
        with service.database.read() as session:
            return hash_reader(session)(level, index)

    return read_hash


def http_post(url: str, *, deadline: float = DEADLINE) -> Post:
    """A ``post`` to this address by HTTP, without redirects; raises UnavailableError. ``deadline`` in seconds."""

    def post(body: bytes) -> tuple[int, bytes]:
        end = time.monotonic() + deadline
        try:
            with httpx.stream("POST", url, content=body, timeout=TIMEOUT, follow_redirects=False) as answer:
                data = b""
                for chunk in answer.iter_bytes():
                    data += chunk
                    if len(data) > MAX_ANSWER or time.monotonic() > end:
                        raise UnavailableError(f"{url} answers too much or too slowly")
                return answer.status_code, data
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(f"{url} cannot be asked: {str(error) or type(error).__name__}") from error

    return post


def request_for(service: Service, name: str, old_size: int | None = None) -> bytes:
    """The newest checkpoint as a request to a witness that works by file; from what it cosigned last by default."""
    witness = find_witness(service, name)
    with service.database.read() as session:
        newest = publisher.newest(session)
        if newest is None:
            raise NotFoundError("the record has no checkpoint yet")
        if old_size is None:
            seen = {row.witness: row.cosigned for row in cosignatures.progress_of_all(session)}
            old_size = seen.get(witness.id, 0)
        return make_request(newest.note.encode(), old_size, hash_reader(session))


def find_witness(service: Service, name: str) -> LogWitness:
    """The witness of that name, of those configured; raises NotFoundError."""
    for witness in service.witnesses:
        if witness.key.name == name:
            return witness
    known = ", ".join(witness.key.name for witness in service.witnesses) or "none"
    raise NotFoundError(f"there is no witness {name!r}", hint=f"WITNESSES_FILE names: {known}")


def take_in(service: Service, answer: bytes) -> list[tuple[str, int]]:
    """Store the cosignatures of a file: what a witness printed, or a checkpoint that it cosigned.

    Gives name and checkpoint size of each; raises FormatError on a file that holds no signature lines, RecordError
    if none of them is by a known witness over one of the newest checkpoints.
    """
    lines = _lines_of(answer)
    keys = {witness.key: witness for witness in service.witnesses}
    taken = []
    with service.database.begin() as session:
        for line in lines:
            for key in (key for key in keys if line.is_of(key)):
                checkpoint = _checkpoint_of(session, key, line)
                _keep(session, service, keys[key], checkpoint.note.encode(), checkpoint.size, line)
                taken.append((key.name, checkpoint.size))
    if not taken:
        names = ", ".join(sorted({line.name for line in lines})) or "nobody"
        raise RecordError(f"the file holds no line of a known witness, only of {names}", hint="see WITNESSES_FILE")
    return taken


def _lines_of(answer: bytes) -> tuple[Signature, ...]:
    try:
        return parse_note(answer).signatures
    except FormatError:
        return parse_signatures(answer[:MAX_ANSWER].decode("utf-8", "replace").lstrip("\n"))


def _checkpoint_of(session: Session, key: VerifierKey, line: Signature) -> Checkpoint:
    for checkpoint in publisher.newest_first(session, SEARCHED):
        try:
            verify_cosignatures(add_cosignatures(checkpoint.note.encode(), [line]), [key], 1)
        except RecordError:
            continue
        return checkpoint
    raise RecordError(
        f"the cosignature of {key.name} is for none of the newest {SEARCHED} checkpoints",
        hint="if it is for another root of one of them, the record was forked: compare with the guard",
    )

"""The guard: the last published checkpoint, kept in a file outside the database (DESIGN 5).

A database can be restored from an old backup, lose a commit in a fail-over, or be changed by hand; the guard
cannot follow. Whoever appends or publishes compares: the stored tree's root at the guard's size must be the
guard's root. Otherwise the record would fork, and writing stops with ForkError::

    guard = Guard(Path("/srv/signing/guard/checkpoint"))
    with guard.lock():
        guard.write(note)  # atomic and fsynced, file and folder; sizes never decrease
    guard.read().size

On several machines the guard lies on one store that all of them share.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from signing_service.errors import ForkError, FormatError, GuardError, RecordError
from signing_service.record.checkpoint import parse_checkpoint
from signing_service.record.note import parse_note
from signing_service.record.tree import Frontier
from signing_service.store.driver import Driver
from signing_service.store.durable import replace_durably
from signing_service.store.tree import frontier_at

MAX_GUARD = 1 << 14  # bytes; a signed checkpoint is about 200
PATIENCE = 30.0  # seconds that a publisher waits for the others, as it waits for the database's locks
_FIRST_LOOK, _LONGEST_LOOK = 0.001, 0.016  # seconds between two looks whether the lock is free, each twice as long


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the guard holds: a checkpoint's size and root, and its signed note."""

    size: int
    root: bytes
    note: bytes


class Guard:
    """The guard's file; its folder exists and is writable by the service alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last: tuple[bytes, Guarded] | None = None  # parsed once for each new content

    def read(self) -> Guarded | None:
        """What the guard holds, None before the first publication; raises ForkError if it cannot be read as such."""
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.read(handle, MAX_GUARD)
            finally:
                os.close(handle)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GuardError(f"guard {self.path}: {error.strerror}", hint="check the shared store") from error
        last = self._last
        if last is None or last[0] != data:
            self._last = last = (data, _parse(self.path, data))
        return last[1]

    def remembered(self) -> Guard:
        """A guard that goes on saying what this one says now, to be held against a snapshot that is taken afterwards.

        Read after the snapshot, it may hold a checkpoint that was published in between and cannot be in there, as if
        the database had been restored. Before the first publication there is nothing to remember.
        """
        guarded = self.read()
        return self if guarded is None else self.saying(guarded)

    def saying(self, guarded: Guarded | None) -> Guard:
        """A guard in this one's place that holds ``guarded``, whatever the file does."""
        return _Remembered(self.path, guarded)

    def check_writable(self) -> None:
        """Raise GuardError unless this process may replace the guard and take its lock; nothing is written."""
        folder, lock = self.path.parent, self._lock_path
        if not folder.is_dir():
            raise GuardError(f"guard {self.path}: there is no folder {folder}", hint=_HINT_FOLDER)
        refused = lock if lock.exists() and not os.access(lock, os.R_OK | os.W_OK) else None
        if not os.access(folder, os.W_OK | os.X_OK):
            refused = folder
        if refused is not None:
            raise GuardError(f"guard {self.path}: {refused} cannot be written to", hint=_HINT_FOLDER)

    def write(self, note: bytes) -> None:
        """Replace the guard by a later checkpoint, atomically and durably; requires the lock.

        Writing the same note again only syncs it again. Raises ForkError on a smaller tree, or on another note of
        the same size; GuardError when the disk refuses, then no checkpoint may be released.
        """
        new, old = _parse(self.path, note), self.read()
        if old is not None and old.note != note and new.size <= old.size:
            raise ForkError(
                f"a checkpoint of {new.size} entries cannot follow the guard's of {old.size}", hint=_HINT_OLDER
            )
        try:
            replace_durably(self.path, note)
        except OSError as error:
            raise GuardError(
                f"guard {self.path}: {error.strerror}",
                hint=f"what is recorded is kept; it is published once the guard can be written: {_HINT_FOLDER}",
            ) from error

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One publisher at a time among the processes that share this file system.

        Raises GuardError when another one still has the lock after PATIENCE, or the file system keeps no locks: one
        publisher that hangs must not stop the threads of all machines for as long as it does.
        """
        path = self._lock_path
        try:
            handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise GuardError(f"guard {path}: {error.strerror}", hint=_HINT_FOLDER) from error
        try:
            _wait_for_lock(handle, path)
            yield
        finally:
            os.close(handle)  # closing releases the lock


def _wait_for_lock(handle: int, path: Path) -> None:
    deadline, pause = time.monotonic() + PATIENCE, _FIRST_LOOK
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise GuardError(
                    f"guard {path}: another publisher has held the lock for {PATIENCE:g} seconds",
                    hint=f"try again; the operator ends the process that hangs with it (fuser -v {path})",
                ) from error
        except OSError as error:  # a file system without locks, or whose lock server is gone (ENOLCK)
            raise GuardError(
                f"guard {path} cannot be locked: {error.strerror}", hint="check the shared store and its locks"
            ) from error
        else:
            return
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_LOOK)


class _Remembered(Guard):
    def __init__(self, path: Path, guarded: Guarded | None) -> None:
        super().__init__(path)
        self._guarded = guarded

    def read(self) -> Guarded | None:
        return self._guarded


_HINT_FOLDER = "see that its folder is there, that the service's user may write in it (chown), that the disk has room"
_HINT_OLDER = (
    "the database is older than what was published: stop the service, restore the newest database (or fail over "
    "to the machine that has it); never delete the guard"
)
_HINT_OTHER = (
    "the database holds another history than what was published: stop the service, keep this database as evidence, "
    "restore the one that the guard belongs to"
)
_HINT_MISSING = (
    "the guard was lost or SIGNING_SERVICE_GUARD names another place: put the file back; if it is gone for good, stop "
    "the service, move the database away, and restore it: docs/operations.md, \"The guard is lost\""
)


def check(session: Session, frontier: Frontier, guard: Guard) -> None:
    """Raise ForkError unless the stored tree extends the guard's checkpoint.

    ``frontier`` is the stored tree's own, read in the same transaction: one in which nobody else can publish, or a
    snapshot that was taken after ``guard`` was remembered.
    """
    guarded = guard.read()
    if guarded is None:
        if Driver.of(session).row("SELECT 1 FROM checkpoints LIMIT 1") is not None:
            raise ForkError(f"checkpoints were published, but there is no guard at {guard.path}", hint=_HINT_MISSING)
        return
    if frontier.size < guarded.size:
        raise ForkError(
            f"the record has {frontier.size} entries, but a checkpoint of {guarded.size} was published",
            hint=_HINT_OLDER,
        )
    if _root_at(session, frontier, guarded.size) != guarded.root:
        raise ForkError(
            f"the record's first {guarded.size} entries are not those that were published", hint=_HINT_OTHER
        )


def _root_at(session: Session, frontier: Frontier, size: int) -> bytes | None:
    if size == frontier.size:
        return frontier.root()
    try:
        return frontier_at(session, size).root()
    except RecordError:
        return None


def _parse(path: Path, data: bytes) -> Guarded:
    try:
        checkpoint = parse_checkpoint(parse_note(data).text)
    except FormatError as error:
        raise ForkError(f"guard {path} is damaged: {error.message}", hint=_HINT_MISSING) from error
    return Guarded(checkpoint.size, checkpoint.root, data)

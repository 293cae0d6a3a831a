"""Backup while the service runs, and a restore that is verified before anything is served from it.

Example::

    backup(database, Path("/backup/2025-04-11.signing"))
    counts = restore(Path("/backup/2025-04-11.signing"), "sqlite:///var/service.db", guard)

A backup is one file: a whole SQLite database, or ``pg_dump``'s custom format. It holds no key, and it never holds the
guard: the guard stays where it is, so restoring a backup that is older than what was published is refused. Where the
guard is lost, an operator has to state what was published (store.lost_guard).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, delete, text, update
from sqlalchemy.exc import DatabaseError

from signing_service.errors import ConfigurationError, InputError, RecordError, UnavailableError
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import ledger, lost_guard
from signing_service.store.database import Database, parse_url
from signing_service.store.engine import connection_of
from signing_service.store.guard import Guard
from signing_service.store.integrity import Counts, check_everything
from signing_service.store.lost_guard import Stated
from signing_service.store.migrations import upgrade
from signing_service.store.tables import Challenge, LoginSession

SQLITE_MAGIC = b"SQLite format 3\x00"
_KINDS = {"sqlite": (SQLITE_MAGIC, "an SQLite database"), "postgresql": (b"PGDMP", "a PostgreSQL database")}
"""How a backup of each kind of database begins, and what it is one of."""


def backup(database: Database, target: Path) -> None:
    """Write a consistent copy to the new file ``target`` (0600), durably; writers go on meanwhile.

    Raises InputError if the file exists or its folder does not, UnavailableError when the disk or PostgreSQL's tools
    refuse.
    """
    if target.exists():
        raise InputError(f"{target} exists already", hint="name another file; a backup is never overwritten")
    if not target.parent.is_dir():
        raise InputError(f"there is no folder {target.parent}", hint="make it, or name a file in another one")
    copy = _copy_sqlite if database.dialect == "sqlite" else _dump_postgresql
    _write_beside(target, lambda beside: copy(database.url, beside))


def restore(source: Path, url: str, guard: Guard, stated: Stated | None = None) -> Counts:
    """Bring a backup back into the empty place that ``url`` names, once everything in it is verified.

    ``stated`` takes the place of a guard that is lost, and becomes the guard once the database is there.

    Raises InputError if ``source`` is no backup of that kind or the place is taken, RecordError if the backup does not
    hold together, ForkError if it is older than what was published, or the guard is lost and nothing was stated. The
    place is then as empty as before.
    """
    if stated is not None:
        lost_guard.require_none(guard)
    parsed = parse_url(url)
    _check_kind(source, parsed.get_backend_name())
    if parsed.get_backend_name() == "sqlite":
        counts = _restore_sqlite(source, Path(str(parsed.database)), guard, stated)
    else:
        counts = _restore_postgresql(source, parsed, guard, stated)
    if stated is not None:
        _begin_guard(url, guard, stated)
    return counts


def _check_kind(source: Path, wanted: str) -> None:
    try:
        with source.open("rb") as file:
            head = file.read(len(SQLITE_MAGIC))
    except OSError as error:
        raise InputError(f"{source}: {error.strerror}") from error
    found = next((kind for kind, (magic, _) in _KINDS.items() if head.startswith(magic)), None)
    if found is None:
        raise InputError(f"{source} is no backup of {_KINDS[wanted][1]}")
    if found != wanted:
        raise InputError(
            f"{source} is a backup of {_KINDS[found][1]}, and DATABASE_URL names {_KINDS[wanted][1]}",
            hint="it goes back into a database of its own kind only: name such a one in SIGNING_SERVICE_DATABASE_URL",
        )


def verify(database: Database, guard: Guard) -> Counts:
    """Check all that a database holds, in one snapshot; raises RecordError, or ForkError where it is an old one."""
    guard = guard.remembered()
    with database.read() as session:
        if database.dialect == "sqlite":
            state = session.execute(text("PRAGMA integrity_check(1)")).scalar_one()
            if state != "ok":
                raise RecordError(f"the database is damaged: {state}", hint="restore the newest backup that verifies")
        return check_everything(session, guard)


def _bring_to_life(database: Database, source: Path, guard: Guard, stated: Stated | None) -> Counts:
    """Bring a restored database to the current schema and check all of it."""
    try:
        upgrade(database)
        with database.read() as session:
            if stated is None:
                lost_guard.require_guard(session, guard, shlex.quote(str(source)))
            else:
                guard = guard.saying(lost_guard.guarded_by(session, stated))
        counts = verify(database, guard)
        if stated is not None:
            with database.begin() as session:
                ledger.append(session, SERVICE_SCOPE, lost_guard.EVENT, stated.members, _now())
        _end_what_was_open(database)
        return counts
    except DatabaseError as error:
        raise RecordError(f"the backup is damaged: {error.orig}", hint="restore another one") from error


def _begin_guard(url: str, guard: Guard, stated: Stated) -> None:
    """The guard comes last: a database without one is served by nobody, if the power fails before it is there."""
    database = Database(url)
    try:
        with database.read() as session:
            note = lost_guard.newest_of(session, lost_guard.guarded_by(session, stated))
    finally:
        database.dispose()
    with guard.lock():
        guard.write(note)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _end_what_was_open(database: Database) -> None:
    """Sessions that were ended after the backup live in it, and challenges that were answered stand open."""
    with database.begin() as session:
        session.execute(delete(Challenge))
        session.execute(update(LoginSession).where(LoginSession.ended.is_(None)).values(ended=datetime.now(UTC)))


def _restore_sqlite(source: Path, target: Path, guard: Guard, stated: Stated | None) -> Counts:
    _remove_if_empty(target)
    for taken in (target, target.with_name(target.name + "-wal")):  # a stray WAL would be played into the restored file
        if taken.exists():
            raise InputError(f"{taken} exists already", hint="move the damaged database away; keep it as evidence")
    counts: list[Counts] = []

    def copy_and_verify(beside: Path) -> None:
        shutil.copyfile(source, beside)
        database = Database(f"sqlite:///{beside}")
        try:
            counts.append(_bring_to_life(database, source, guard, stated))
        finally:
            database.dispose()  # the last connection moves the WAL into the file

    _write_beside(target, copy_and_verify)
    return counts[0]


def _remove_if_empty(target: Path) -> None:
    """A command that looked for a database made a file without any table: the place is still empty."""
    try:
        uri = f"file:{quote(str(target))}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as there:
            is_empty = there.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    except sqlite3.Error:  # not there, or damaged
        return
    if is_empty:
        for file in (target, *(target.with_name(target.name + suffix) for suffix in ("-wal", "-shm"))):
            file.unlink(missing_ok=True)


def _restore_postgresql(source: Path, url: URL, guard: Guard, stated: Stated | None) -> Counts:
    database = Database(url.render_as_string(hide_password=False))
    try:
        with database.connect() as connection:
            if connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar_one():
                raise InputError(f"the database {url.database} is not empty", hint="restore into a new database")
        _run("pg_restore", url, "--no-owner", "--single-transaction", "--exit-on-error", str(source))
        try:
            return _bring_to_life(database, source, guard, stated)
        except Exception:
            with database.connect() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
            raise
    finally:
        database.dispose()


def _copy_sqlite(url: URL, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(str(url.database))) as source,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)  # all pages of one snapshot: under WAL, writers neither wait nor disturb


def _dump_postgresql(url: URL, target: Path) -> None:
    _run("pg_dump", url, "--format=custom", f"--file={target}")


def _run(tool: str, url: URL, *arguments: str) -> None:
    """Run one of PostgreSQL's own tools on the servers that the service would connect to, and as patiently.

    Without that it would wait for two hours for a machine that has lost its power. The password goes by the
    environment, not by the command line.
    """
    program = shutil.which(tool)
    if program is None:
        raise ConfigurationError(f"{tool} is not installed", hint="apt install postgresql-client")
    given = url.get_dialect()().create_connect_args(url)[1]  # libpq writes several servers otherwise
    parameters: dict[str, Any] = {**given, **connection_of(url)}
    password = parameters.pop("password", None)
    environment = dict(os.environ) | ({"PGPASSWORD": password} if password else {})
    done = subprocess.run(
        [program, f"--dbname={make_conninfo(**parameters)}", *arguments],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise UnavailableError(f"{tool} failed: {reason[0]}", hint="nothing was changed")


def _write_beside(target: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` make a file beside ``target``, sync it, and give it its name only when it is whole."""
    beside = target.with_name(f"{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        write(beside)
        _sync(beside)
        os.link(beside, target)  # unlike a rename, it never replaces a file that appeared meanwhile
        _sync(target.parent)
    except FileExistsError as error:
        raise InputError(f"{target} exists already", hint="name another file") from error
    except (OSError, sqlite3.Error) as error:
        raise UnavailableError(f"{target}: {error}", hint="nothing was changed; check the disk") from error
    finally:
        for leftover in (beside, *(beside.with_name(beside.name + suffix) for suffix in ("-wal", "-shm"))):
            leftover.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

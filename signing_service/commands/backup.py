"""``signing-service backup FILE``: write the whole database into one new file, while the service runs.

It holds no key and no guard: back up the keys folder and the passphrase apart from it and from each other. With
PostgreSQL it is a dump in pg_dump's custom format. Then everything in the database is verified, entry by entry and
revision by revision, so that what a disk has changed is found while an earlier backup still has it; exit code 1 if so.
"""

from __future__ import annotations

from pathlib import Path

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.errors import RecordError
from signing_service.store import installation
from signing_service.store.backup import backup, verify
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.integrity import Counts
from signing_service.store.migrations import check_schema
from signing_service.verify.wrapping import counted


def main(arguments: list[str]) -> int:
    """Write the backup, of which nothing is left where that fails; then verify what it was made of."""
    parser = make_parser("backup", __doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="a new file; none is ever overwritten")
    options = parser.parse_args(arguments)
    settings = settings_from_environment()
    database = installation.open_database(settings.database_url)
    try:
        check_schema(database)
        backup(database, options.file)
        counts = _verified(database, Guard(settings.guard), options.file)
    finally:
        database.dispose()
    verified = f"{counted(counts.entries, 'entry', 'entries')} and {counted(counts.revisions, 'revision')} verified"
    print(f"{options.file}: {options.file.stat().st_size} bytes; {verified}")
    return 0


def _verified(database: Database, guard: Guard, written: Path) -> Counts:
    try:
        return verify(database, guard)
    except RecordError as error:
        raise RecordError(
            f"{written} is written, but the database that it is of does not hold together: {error.message}",
            hint="keep the earlier backups, which have what is damaged; docs/operations.md says how to bring it back",
        ) from error

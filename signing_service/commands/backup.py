"""``signing-service backup FILE``: write the whole database into one new file, while the service runs.

It holds no key and no guard: back up the keys folder and the passphrase apart from it and from each other. With
PostgreSQL it is a dump in pg_dump's custom format.
"""

from __future__ import annotations

from pathlib import Path

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.store.backup import backup
from signing_service.store.database import Database
from signing_service.store.migrations import check_schema


def main(arguments: list[str]) -> int:
    """Write the backup; nothing is left where it fails."""
    parser = make_parser("backup", __doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="a new file; none is ever overwritten")
    options = parser.parse_args(arguments)
    database = Database(settings_from_environment().database_url)
    try:
        check_schema(database)
        backup(database, options.file)
    finally:
        database.dispose()
    print(f"{options.file}: {options.file.stat().st_size} bytes")
    return 0

"""``signing-service upgrade``: bring the database to the schema that this version of the service needs.

Stop the old version and make a backup first. Rows are added to, never changed: no byte of a document, event or entry.
It is one transaction; where it fails, the schema is as it was. Nothing happens if the schema is current.
"""

from __future__ import annotations

from signing_service.commands.terminal import make_parser, settings_from_environment
from signing_service.store import installation
from signing_service.store.migrations import check_schema, upgrade


def main(arguments: list[str]) -> int:
    """Migrate."""
    make_parser("upgrade", __doc__).parse_args(arguments)
    database = installation.open_database(settings_from_environment().database_url)
    try:
        if installation.find_on(database) is None:
            raise installation.missing()
        upgrade(database)
        check_schema(database)
    finally:
        database.dispose()
    print("the schema is current; start the service")
    return 0

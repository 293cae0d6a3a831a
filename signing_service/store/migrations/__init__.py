"""Schema migrations, run by Alembic from inside the package: no alembic.ini, no working directory.

Example::

    upgrade(database)  # by ``init``, ``upgrade`` and ``restore``; nothing happens when it is current
    check_schema(database)  # raises ConfigurationError on an older or newer schema

Migrations change structure only: bytes of revisions, events and entries are never touched. A new one is made
by ``Config`` as below and ``alembic.command.revision``, then written out by hand.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from signing_service.errors import ConfigurationError
from signing_service.store.database import Database

ADVISORY_LOCK = 0x7369676E_6D696772  # "signmigr": one machine migrates at a time on PostgreSQL


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema to ``revision`` in one transaction; a failure leaves it as it was.

    Raises ConfigurationError when the schema was made by a newer version of the service.
    """
    with database.connect() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        _refuse_newer(connection)
        config = make_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def check_schema(database: Database) -> None:
    """Raise ConfigurationError unless the schema is exactly the one that this version needs."""
    with database.read() as session:  # a load balancer asks often, and nobody's writing is to be waited for
        connection = session.connection()
        _refuse_newer(connection)
        current, head = _current(connection), _scripts().get_current_head()
    if current != head:
        raise ConfigurationError(
            f"the database has schema {current or 'none'}, this version needs {head}",
            hint="make a backup with the version before, then run signing-service upgrade with this one",
        )


def make_config() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(make_config())


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(connection: Connection) -> None:
    current = _current(connection)
    known = {script.revision for script in _scripts().walk_revisions()}
    if current is not None and current not in known:
        raise ConfigurationError(
            f"the database has schema {current}, which this version does not know",
            hint="it was made by a newer version of the service; install that version",
        )

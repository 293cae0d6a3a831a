"""The driver's own connection beneath a transaction, for the few statements that every append runs.

SQLAlchemy spends more on a statement than SQLite does. These statements are written once in SQL that both databases
read, with ``:name`` parameters, and run without that cost; errors still surface as SQLAlchemy's own::

    driver = Driver(session.connection())
    driver.run('UPDATE log_state SET size = :size WHERE id = 1', {"size": 7})
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_PARAMETER = re.compile(r":([a-z][a-z0-9_]*)")


class Driver:
    """Runs statements on one transaction's driver connection (sqlite3 or psycopg)."""

    def __init__(self, connection: Connection) -> None:
        self._dialect = connection.dialect
        self._raw: Any = connection.connection.driver_connection
        self.locks_rows = self._dialect.name == "postgresql"
        """Whether readers for update must say so; on SQLite the one writer has locked everything."""

    def run(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that gives no rows."""
        self._execute(statement, parameters or {})

    def row(self, statement: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...] | None:
        """The first row, None if there is none."""
        row: tuple[Any, ...] | None = self._execute(statement, parameters or {}).fetchone()
        return row

    def rows(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows."""
        rows: list[tuple[Any, ...]] = self._execute(statement, parameters or {}).fetchall()
        return rows

    def moment(self, value: datetime) -> datetime | str:
        """An aware datetime as it is stored and compared: PostgreSQL's own, or SQLite's text (UtcTime)."""
        moment = value.astimezone(UTC)
        return moment if self.locks_rows else moment.strftime("%Y-%m-%d %H:%M:%S.%f")

    def _execute(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        errors: Any = self._dialect.loaded_dbapi
        try:
            return self._raw.execute(_spelled(statement) if self.locks_rows else statement, parameters)
        except errors.Error as error:
            raise DBAPIError.instance(statement, None, error, errors.Error, dialect=self._dialect) from error


def read_moment(value: datetime | str) -> datetime:
    """A stored moment out of a row, aware and in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC)


@functools.lru_cache(maxsize=512)
def _spelled(statement: str) -> str:
    """The statement as psycopg reads it: ``%(name)s`` for ``:name``."""
    return _PARAMETER.sub(r"%(\1)s", statement)

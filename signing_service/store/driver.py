"""The driver's own connection beneath a transaction, for the few statements that every append runs.

SQLAlchemy spends more on a statement than SQLite does. These statements are written once in SQL that both databases
read, with ``:name`` parameters, and run without that cost; errors still surface as SQLAlchemy's own::

    driver = Driver.of(session)
    driver.run('UPDATE log_state SET size = :size WHERE id = 1', {"size": 7})
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

_KEPT = "driver"  # key of Session.info
_PARAMETER = re.compile(r":([a-z][a-z0-9_]*)")


class Driver:
    """Runs statements on one transaction's driver connection (sqlite3 or psycopg)."""

    def __init__(self, connection: Connection) -> None:
        self._dialect = connection.dialect
        self.locks_rows = self._dialect.name == "postgresql"
        """Whether readers for update must say so; on SQLite the one writer has locked everything."""
        raw: Any = connection.connection.driver_connection
        self._raw = raw
        # psycopg's cursors take long to make, and one serves all: each statement's rows are read before the next one
        self._cursor: Any = raw.cursor() if self.locks_rows else raw

    @classmethod
    def of(cls, session: Session | Driver) -> Driver:
        """That of the session's transaction; kept with it, since to ask a session for its connection takes long."""
        if isinstance(session, Driver):
            return session
        transaction = session.get_transaction()
        kept = session.info.get(_KEPT)
        if transaction is None or kept is None or kept[0] is not transaction:
            driver = cls(session.connection())
            session.info[_KEPT] = kept = (session.get_transaction(), driver)
        found: Driver = kept[1]
        return found

    def run(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that gives no rows."""
        self._execute(statement, parameters or {})

    def run_all(self, statements: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """Run statements in order, no rows of which are read; PostgreSQL gets them in one piece, and answers once.

        Gives how many rows the last one has changed.
        """
        if not statements:
            return 0
        if not self.locks_rows:
            counts = [self._execute(statement, parameters).rowcount for statement, parameters in statements]
            return int(counts[-1])
        with self._raising("; ".join(statement for statement, _ in statements)), self._raw.pipeline():
            for statement, parameters in statements:
                self._cursor.execute(_spelled(statement), parameters)
        return int(self._cursor.rowcount)

    def row(self, statement: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...] | None:
        """The first row, None if there is none."""
        row: tuple[Any, ...] | None = self._execute(statement, parameters or {}).fetchone()
        return row

    def rows(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows."""
        rows: list[tuple[Any, ...]] = self._execute(statement, parameters or {}).fetchall()
        return rows

    def insert(self, table: str, values: Mapping[str, Any]) -> None:
        """Add a row; ``values`` by column, moments as aware datetimes. Raises SQLAlchemy's IntegrityError."""
        self.run(_insertion(table, tuple(values)), self._stored(values))

    def update(self, table: str, key: str, value: Any, values: Mapping[str, Any]) -> None:
        """Set columns of the row whose column ``key`` is ``value``."""
        self.run(_change(table, key, tuple(values)), {**self._stored(values), "the_key": value})

    def _stored(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.moment(one) if isinstance(one, datetime) else one for name, one in values.items()}

    def moment(self, value: datetime) -> datetime | str:
        """An aware datetime as it is stored and compared: PostgreSQL's own, or SQLite's text (UtcTime)."""
        moment = value.astimezone(UTC)
        return moment if self.locks_rows else moment.strftime("%Y-%m-%d %H:%M:%S.%f")

    def _execute(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        with self._raising(statement):
            return self._cursor.execute(_spelled(statement) if self.locks_rows else statement, parameters)

    @contextmanager
    def _raising(self, statement: str) -> Iterator[None]:
        errors: Any = self._dialect.loaded_dbapi
        try:
            yield
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


@functools.lru_cache(maxsize=512)
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    names, places = ", ".join(columns), ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({places})"


@functools.lru_cache(maxsize=512)
def _change(table: str, key: str, columns: tuple[str, ...]) -> str:
    return f"UPDATE {table} SET {', '.join(f'{column} = :{column}' for column in columns)} WHERE {key} = :the_key"

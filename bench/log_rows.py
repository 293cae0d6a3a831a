"""Appending very many entries to a database's record at once: the same rows that the ledger writes one by one.

Example::

    with loading(database) as loader:
        loader.add(scope, sequence, "withdrawal", event, salt, entry)

Entries, openings, the tree's hashes and the log's state are exactly those of so many calls of ``ledger.append``; the
service's own check of a restored backup (``store.integrity``) is what says so. Only durability is left out meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, text

from signing_service.record.tree import Frontier, leaf_hash, node_hash
from signing_service.store.database import Database
from signing_service.store.ledger import split_hashes

BATCH = 20_000  # rows held at once
COLUMNS = {
    "entries": ("index", "scope", "sequence", "data"),
    "events": ("index", "type", "event", "salt"),
    "nodes": ("level", "index", "hash"),
}
_LAX = ("synchronous = OFF", "cache_size = -262144", "temp_store = MEMORY", "foreign_keys = OFF")


@contextmanager
def lax_connection(database: Database) -> Iterator[Connection]:
    """One transaction that neither waits for the disk nor checks foreign keys; of PostgreSQL as its superuser."""
    engine = create_engine(database.url)  # none of the service's own
    with engine.connect() as connection:
        if database.dialect == "sqlite":
            for pragma in _LAX:
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        connection.commit()
        if database.dialect == "sqlite":  # readers would look each page up in a write-ahead log of gigabytes
            cursor: Any = connection.connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


@contextmanager
def loading(database: Database) -> Iterator[Loader]:
    """A loader, and at the end its transaction."""
    with lax_connection(database) as connection:
        loader = Loader(connection)
        yield loader
        loader.finish()


class Loader:
    """Takes entries in order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        size, hashes = connection.execute(text("SELECT size, frontier FROM log_state")).one()
        self.size: int = size
        """The next entry's index."""
        self._stack = list(split_hashes(hashes))
        self._rows: dict[str, list[Sequence[Any]]] = {table: [] for table in COLUMNS}

    def add(self, scope: str, sequence: int, type: str, event: bytes, salt: bytes, entry: bytes) -> None:
        """Take the next entry with its opening."""
        index, at, level, hashed = self.size, self.size, 0, leaf_hash(entry)
        self._rows["entries"].append((index, scope, sequence, entry))
        self._rows["events"].append((index, type, event, salt))
        while at & 1:
            at, level, hashed = at >> 1, level + 1, node_hash(self._stack.pop(), hashed)
            self._rows["nodes"].append((level, at, hashed))
        self._stack.append(hashed)
        self.size += 1
        if len(self._rows["entries"]) >= BATCH:
            self._flush()

    def finish(self) -> None:
        """Write what is left, and the log's state."""
        self._flush()
        state = {"size": self.size, "frontier": b"".join(Frontier(self.size, tuple(self._stack)).hashes)}
        self._connection.execute(text("UPDATE log_state SET size = :size, frontier = :frontier"), state)

    def _flush(self) -> None:
        for table, rows in self._rows.items():
            insert(self._connection, table, COLUMNS[table], rows)
            rows.clear()


def insert(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows in the fastest way that the database has."""
    names = ", ".join(f'"{name}"' for name in columns)
    cursor: Any = connection.connection.cursor()
    if connection.dialect.name == "sqlite":
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
        return
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)

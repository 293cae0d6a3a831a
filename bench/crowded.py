"""A database with many agreements: one that was really signed, copied row by row inside the database.

Every copy has the rows of the original (text, mandates, attempts, signatures, revisions, mails), with other ids and
people; only its PDF and other large bytes that no list reads are cut, since 100,000 of them would take 50 GB. The first
48, which have the same representatives, and two in a hundred of the others are still open. Their entries are not in the
record, whose own growth is measured elsewhere: foreign keys are off meanwhile, and their entries' numbers are negative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table, bindparam, create_engine, select, text

from signing_service.store.database import Database
from signing_service.store.tables import Base

PEOPLE = 5_000
SAME = 48  # copies of the same people, all open: more than a page shows
REPRESENTATIVE = f"p{1:025d}"  # one of them
CUT = frozenset(
    ("delta", "prepared_delta", "layout", "appearance", "receipt", "signed_attributes", "material", "ocsp", "content")
)
TABLES = (
    "agreements",
    "source_files",
    "mandates",
    "attempts",
    "revisions",
    "signatures",
    "archive_timestamps",
    "outbox",
)
_OF_OPEN = "agreement LIKE 'g00000000%' AND (agreement <= 'g' || :same OR substr(agreement, 25) IN ('00', '50'))"
_MINUTES = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', :{name}, '-' || n || ' minutes')",
    "postgresql": "CAST(:{name} AS timestamptz) - n * interval '1 minute'",
}
_NUMBERS = {
    "sqlite": "(WITH RECURSIVE c(n) AS (VALUES ({first}) UNION ALL SELECT n + 1 FROM c WHERE n < {last}) "
    "SELECT n FROM c)",
    "postgresql": "(SELECT generate_series({first}, {last}) AS n)",
}
_PADDED = {"sqlite": "printf('%0{digits}d', {number})", "postgresql": "lpad(CAST({number} AS text), {digits}, '0')"}


def crowd(database: Database, agreement: str, first: int, last: int) -> None:
    """Add the copies of ``agreement`` from number ``first`` (1: and the people) to ``last``.

    SQLite, or PostgreSQL as its superuser.
    """
    engine = create_engine(database.url)  # none of the service's own: nothing is checked here
    with engine.begin() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        copier = _Copier(connection, database.dialect, agreement, first, last)
        if first == 1:
            copier.add_people()
        for name in TABLES:
            copier.copy(Base.metadata.tables[name])
        same = {"same": f"{SAME:025d}"}
        for name, which in (("signatures", "AND act = 'countersignature'"), ("archive_timestamps", "")):
            connection.execute(text(f"DELETE FROM {name} WHERE {_OF_OPEN} {which}"), same)
        which = _OF_OPEN.replace("agreement", "id")
        opened = f"UPDATE agreements SET countersigned = NULL, provable_until = NULL WHERE {which}"
        connection.execute(text(opened), same)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


class _Copier:
    def __init__(self, connection: Connection, dialect: str, agreement: str, first: int, last: int) -> None:
        self._connection, self._dialect, self._agreement = connection, dialect, agreement
        self._numbers = _NUMBERS[dialect].format(first=first, last=last)
        self._places: dict[str, int] = {}  # mandate or attempt of the original: its number among them
        self._people: dict[str, int] = {}
        self._entries = 0

    def add_people(self) -> None:
        person = Base.metadata.tables["people"]
        row = self._connection.execute(select(person).where(person.c.office == "").limit(1)).one()._asdict()
        number = self._padded("n", 25)
        changes = {"id": f"'p' || {number}", "name": f"'Person ' || {number}", "email": "'p' || n || '@example.org'"}
        self._insert(person, row, changes, _NUMBERS[self._dialect].format(first=1, last=PEOPLE))

    def copy(self, table: Table) -> None:
        whose = table.c.id if table.name == "agreements" else table.c.agreement
        for row in self._connection.execute(select(table).where(whose == self._agreement)).all():
            values = row._asdict()
            self._insert(table, values, dict(self._changes(table, values)), self._numbers)

    def _changes(self, table: Table, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for column in table.columns:
            name, value = column.name, row[column.name]
            if value is None or (name == "id" and table.name == "outbox"):
                continue
            if name == "agreement" or (table.name == "agreements" and name == "id"):
                yield name, f"'g' || {self._padded('n', 25)}"
            elif (table.name == "mandates" and name == "id") or name in ("mandate", "attempt"):
                yield name, self._own_id("m" if table.name == "mandates" or name == "mandate" else "a", str(value))
            elif table.name == "attempts" and name == "id":
                yield name, self._own_id("a", str(value))
            elif name == "person":
                place = self._people.setdefault(str(value), len(self._people))
                spread = f"((CASE WHEN n <= {SAME} THEN 0 ELSE n * 7 END + {place}) % {PEOPLE} + 1)"
                yield name, f"'p' || {self._padded(spread, 25)}"
            elif name in ("entry_index", "issuance_index", "publication_index"):
                self._entries += 1
                yield name, f"-(n * 100 + {self._entries})"
            elif name == "spki":
                yield name, f"CAST('{len(self._places)}-{self._entries}-' || n AS {self._bytes})"
            elif name == "certificate_sha256":
                yield name, f"'{self._entries:04d}' || {self._padded('n', 60)}"
            elif name in CUT:
                yield name, f"CAST('...' AS {self._bytes})"
            elif name == "created":
                yield name, _MINUTES[self._dialect].format(name="created")
            elif name == "state" and table.name == "outbox":
                yield name, "'sent'"
            elif table.name == "agreements" and name == "reference":
                yield name, "'COPY/' || n"

    @property
    def _bytes(self) -> str:
        return "blob" if self._dialect == "sqlite" else "bytea"

    def _own_id(self, letter: str, value: str) -> str:
        place = self._places.setdefault(value, len(self._places))
        return f"'{letter}{place:03d}' || {self._padded('n', 22)}"

    def _padded(self, number: str, digits: int) -> str:
        return _PADDED[self._dialect].format(number=number, digits=digits)

    def _insert(self, table: Table, row: Mapping[str, Any], changes: Mapping[str, str], numbers: str) -> None:
        names = [column.name for column in table.columns if row[column.name] is not None]
        names = [name for name in names if not (table.name == "outbox" and name == "id")]
        expressions = [changes.get(name, f":{name}") for name in names]
        columns = ", ".join(f'"{name}"' for name in names)
        statement = text(
            f"INSERT INTO {table.name} ({columns}) SELECT {', '.join(expressions)} FROM {numbers} AS numbers"
        )
        used = {name: row[name] for name in names if name not in changes or name == "created"}
        types = [_bind(table, name) for name in used]
        self._connection.execute(statement.bindparams(*types), used)


def _bind(table: Table, name: str) -> Any:

    return bindparam(name, type_=table.columns[name].type)

"""A database with many agreements: one that was really signed, copied row by row inside the database.

Every copy has the rows of the original (text, mandates, attempts, signatures, revisions, mails), with other ids and
people, and its own entries in the record; only its PDF and other large bytes that no list reads are cut, since 100,000
of them would take 50 GB. The PDF is a few bytes, whose digests stand in its revisions and events. The first 48, which
have the same representatives, and two in a hundred of the others are still open: nobody countersigned them. The
service's own check of a restored backup passes on the whole; a benchmark asks it on the first hundred.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table, bindparam, create_engine, select, text

from bench.log_rows import Loader, lax_connection
from signing_service.record.entry import SALT_SIZE, entry_digest, make_event_and_entry
from signing_service.store.database import Database
from signing_service.store.tables import Base

PEOPLE = 5_000
SAME = 48  # copies of the same people, all open: more than a page shows
REPRESENTATIVE = f"p{1:025d}"  # one of them
CUT = frozenset(
    ("prepared_delta", "layout", "appearance", "receipt", "signed_attributes", "material", "ocsp", "content")
)
TABLES = (
    "agreements",
    "agreement_words",
    "source_files",
    "mandates",
    "attempts",
    "revisions",
    "signatures",
    "archive_timestamps",
    "outbox",
)
EVERY = 50  # so many agreements, one is open
_OF_OPEN = "agreement LIKE 'gaaaaaaaa%' AND (agreement <= :same OR substr(agreement, 25) IN ('aa', 'fa'))"
_LETTERS = str.maketrans("0123456789", "abcdefghij")  # ids are base32, which has no 0 and no 1
_MINUTES = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', :{name}, '-' || n || ' minutes')",
    "postgresql": "CAST(:{name} AS timestamptz) - n * interval '1 minute'",
}
_NUMBERS = {
    "sqlite": "(WITH RECURSIVE c(n) AS (VALUES ({first}) UNION ALL SELECT n + 1 FROM c WHERE n < {last}) "
    "SELECT n FROM c)",
    "postgresql": "(SELECT generate_series({first}, {last}) AS n)",
}
_DIGEST = {"sqlite": "sha256_of({text})", "postgresql": "encode(sha256(convert_to({text}, 'UTF8')), 'hex')"}
_PADDED = {"sqlite": "printf('%0{digits}d', {number})", "postgresql": "lpad(CAST({number} AS text), {digits}, '0')"}


def crowd(database: Database, agreement: str, first: int, last: int) -> None:
    """Add the copies of ``agreement`` from number ``first`` (1: and the people) to ``last``.

    SQLite, or PostgreSQL as its superuser.
    """
    with lax_connection(database) as connection:
        if database.dialect == "sqlite":
            raw: Any = connection.connection.dbapi_connection
            raw.create_function("sha256_of", 1, lambda words: hashlib.sha256(words.encode()).hexdigest())
        copier = _Copier(connection, database.dialect, agreement, first, last)
        if first == 1:
            copier.add_people()
        for name in TABLES:
            copier.copy(Base.metadata.tables[name])
        copier.open_some()
        copier.add_entries()
    engine = create_engine(database.url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def agreement_id(number: int) -> str:
    """The id of a copy."""
    return "g" + f"{number:025d}".translate(_LETTERS)


class _Copier:
    def __init__(self, connection: Connection, dialect: str, agreement: str, first: int, last: int) -> None:
        self._connection, self._dialect, self._agreement = connection, dialect, agreement
        self._first, self._last = first, last
        self._numbers = _NUMBERS[dialect].format(first=first, last=last)
        self._openings = self._read_openings()
        self._place = {index: place for place, (index, _) in enumerate(self._openings)}
        types = [event["type"] for _, event in self._openings]
        self._open_length = types.index("countersignature") - 1  # the issuance before it is the officer's, too
        self._loader = Loader(connection)
        self._base = self._loader.size
        self._places: dict[str, int] = {}  # mandate or attempt of the original: its number among them
        self._people: dict[str, int] = {}
        self._bindings = 0

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
                yield name, self._agreement_id()
            elif (table.name == "mandates" and name == "id") or name in ("mandate", "attempt"):
                yield name, self._own_id("m" if table.name == "mandates" or name == "mandate" else "a", str(value))
            elif table.name == "attempts" and name == "id":
                yield name, self._own_id("a", str(value))
            elif name == "person":
                place = self._people.setdefault(str(value), len(self._people))
                spread = f"((CASE WHEN n <= {SAME} THEN 0 ELSE n * 7 END + {place}) % {PEOPLE} + 1)"
                yield name, f"'p' || {self._padded(spread, 25)}"
            elif name in ("entry_index", "issuance_index", "publication_index"):
                yield name, f"{self._base} + {self._before('n')} + {self._place[value]}"
            elif name == "spki":
                self._bindings += 1
                yield name, f"CAST('{self._bindings}-' || n AS {self._bytes})"
            elif name == "certificate_sha256":
                self._bindings += 1
                yield name, f"'{self._bindings:04d}' || {self._padded('n', 60)}"
            elif table.name == "revisions" and name in ("delta", "length", "sha256"):
                yield name, self._of_revision(name, row["number"])
            elif name in CUT:
                yield name, f"CAST('...' AS {self._bytes})"
            elif name == "created":
                yield name, _MINUTES[self._dialect].format(name="created")
            elif name == "state" and table.name == "outbox":
                yield name, "'sent'"
            elif table.name == "agreements" and name == "reference":
                yield name, "'COPY/' || n"
            elif table.name == "agreement_words" and name == "words":
                yield name, "'copy/' || n || CAST(:words AS text)"

    def _of_revision(self, name: str, number: int) -> str:
        """As _pdf has it, in the database's words."""
        each = [f"{self._padded('n', 25)} || '/{place:03d}'" for place in range(number + 1)]
        if name == "delta":
            return f"CAST({each[-1]} AS {self._bytes})"
        whole = " || ".join(each)
        return str(len(_pdf(1, number))) if name == "length" else _DIGEST[self._dialect].format(text=whole)

    def _before(self, number: str) -> str:
        """How many entries the copies before that one have, from the first one on."""
        opened = f"(CASE WHEN {number} <= {SAME} THEN {number} - 1 ELSE {SAME} + ({number} - 1) / {EVERY} END)"
        whole, less = len(self._openings), len(self._openings) - self._open_length
        return f"(({number} - {self._first}) * {whole} - ({opened} - {_opened_before(self._first)}) * {less})"

    def _read_openings(self) -> list[tuple[int, dict[str, Any]]]:
        query = 'SELECT e."index", v.event FROM entries e JOIN events v ON v."index" = e."index" WHERE scope = :scope'
        rows = self._connection.execute(text(f"{query} ORDER BY sequence"), {"scope": self._agreement})
        return [(index, json.loads(event)) for index, event in rows]

    def open_some(self) -> None:
        """Take back what the secretariat did last, of those that are to be open."""
        same = {"same": agreement_id(SAME)}
        gone = (("signatures", "act = 'countersignature'"), ("attempts", "act = 'countersignature'"))
        revisions = len([event for _, event in self._openings[: self._open_length] if event["type"] == "signature"])
        for name, which in (*gone, ("archive_timestamps", "1 = 1"), ("revisions", f"number > {revisions}")):
            self._connection.execute(text(f"DELETE FROM {name} WHERE {_OF_OPEN} AND {which}"), same)
        opened = "UPDATE agreements SET countersigned = NULL, provable_until = NULL WHERE "
        self._connection.execute(text(opened + _OF_OPEN.replace("agreement", "id")), same)

    def add_entries(self) -> None:
        """The copies' entries, with openings of their own."""
        for number in range(self._first, self._last + 1):
            scope, previous = agreement_id(number), None
            is_open = number <= SAME or number % EVERY == 0
            for place, (_, event) in enumerate(self._openings[: self._open_length if is_open else None]):
                revision = 0 if event["type"] == "publication" else event.get("revision")
                digest = {} if revision is None else {"pdf_sha256": _digest(number, revision)}
                salt = secrets.token_bytes(SALT_SIZE)
                opening, entry = make_event_and_entry({**event, "scope": scope, **digest}, salt, previous)
                self._loader.add(scope, place, event["type"], opening, salt, entry)
                previous = entry_digest(entry)
        self._loader.finish()

    @property
    def _bytes(self) -> str:
        return "blob" if self._dialect == "sqlite" else "bytea"

    def _agreement_id(self) -> str:
        """As agreement_id has it, in the database's words."""
        letters = self._padded("n", 25)
        for digit in range(10):
            letters = f"replace({letters}, '{digit}', '{chr(_LETTERS[ord(str(digit))])}')"
        return f"'g' || {letters}"

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
        used = {name: row[name] for name in names if name not in changes or name in ("created", "words")}
        types = [_bind(table, name) for name in used]
        self._connection.execute(statement.bindparams(*types), used)


def _pdf(number: int, revision: int) -> bytes:
    """What stands for the PDF of a copy up to a revision."""
    return b"".join(b"%025d/%03d" % (number, place) for place in range(revision + 1))


def _digest(number: int, revision: int) -> str:
    return hashlib.sha256(_pdf(number, revision)).hexdigest()


def _opened_before(number: int) -> int:
    return number - 1 if number <= SAME else SAME + (number - 1) // EVERY


def _bind(table: Table, name: str) -> Any:
    return bindparam(name, type_=table.columns[name].type)

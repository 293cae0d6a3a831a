from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from signing_service.errors import RecordError
from signing_service.store import agreements
from signing_service.store.database import Database
from signing_service.store.guard import Guard
from signing_service.store.integrity import Counts, check_everything
from tests.cast import OFFICER
from tests.store.world import AGREEMENT, LIVED_IN, add_person, give_mandate, publish_agreement, sign


def check(database: Database, guard: Guard | None = None) -> Counts:
    with database.read() as session:
        return check_everything(session, guard)


def test_a_database_that_nobody_touched_holds_together(lived_in: Database, guard: Guard):
    assert check(lived_in, guard) == LIVED_IN


def test_an_empty_database_holds_together(database: Database, guard: Guard):
    assert check(database, guard) == Counts(0, 0, 0, 0)


def test_erased_openings_are_counted_not_refused(lived_in: Database):
    with lived_in.connect() as connection:
        connection.execute(text('UPDATE events SET event = NULL, salt = NULL WHERE "index" = 3'))

    assert check(lived_in).erased == 1


TAMPERING = {
    "an entry's bytes": (
        'UPDATE entries SET data = (SELECT data FROM entries e WHERE e."index" = 4) WHERE "index" = 5',
        "does not follow its predecessor",
    ),
    "an entry that is no JSON": ('UPDATE entries SET data = :bytes WHERE "index" = 7', "entry 7 is damaged"),
    "an event": (
        'UPDATE events SET event = (SELECT event FROM events e WHERE e."index" = 4) WHERE "index" = 5',
        "not what its entry commits to",
    ),
    "an event's type": ("UPDATE events SET type = 'refusal' WHERE \"index\" = 0", "entry 0 has no opening of its type"),
    "a missing opening": ('DELETE FROM events WHERE "index" = 4', "entry 4 has no opening"),
    "a hash of the tree": (
        """UPDATE nodes SET hash = (SELECT hash FROM nodes n WHERE n.level = 1 AND n."index" = 1)
           WHERE level = 1 AND "index" = 2""",
        "hash 2 of level 1 is not that of the entries",
    ),
    "a hash too many": (
        "INSERT INTO nodes SELECT 9, 0, hash FROM nodes WHERE level = 3",
        "stored tree is not that of the entries",
    ),
    "a hash too few": ("DELETE FROM nodes WHERE level = 2", "hash 0 of level 2"),
    "the tree's size": ("UPDATE log_state SET size = 4", "stored tree is not that of the entries"),
    "a checkpoint": (
        "UPDATE checkpoints SET note = (SELECT note FROM checkpoints c WHERE c.size = 8) WHERE size = 2",
        "checkpoint of 2 entries is not of this record",
    ),
    "a checkpoint that is no note": ("UPDATE checkpoints SET note = 'x' WHERE size = 2", "of 2 entries is damaged"),
    "a checkpoint of the future": ("UPDATE checkpoints SET size = 9 WHERE size = 8", "a checkpoint of 9 entries"),
    "a delta": ("UPDATE revisions SET delta = :bytes WHERE number = 1", "revision 1 of agreement"),
    "a digest": ("UPDATE revisions SET sha256 = upper(sha256) WHERE number = 2", "revision 2 of agreement"),
    "a length": ("UPDATE revisions SET length = length + 1 WHERE number = 2", "revision 2 of agreement"),
    "a missing revision": (
        "DELETE FROM signatures WHERE revision = 1; DELETE FROM revisions WHERE number = 1",
        "revision 1 of agreement",
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_in_the_database_is_found(lived_in: Database, what: str):
    statements, reason = TAMPERING[what]
    with lived_in.connect() as connection:
        for statement in statements.split("; "):
            connection.execute(text(statement), {"bytes": b"Somebody"} if ":bytes" in statement else {})

    with pytest.raises(RecordError, match=reason):
        check(lived_in)


@pytest.mark.parametrize("column", ["entries.data", "revisions.delta", "revisions.length", "log_state.frontier"])
def test_values_of_another_type_which_sqlite_lets_in_are_found(tmp_path: Path, migrated_sqlite: Path, column: str):
    shutil.copyfile(migrated_sqlite, tmp_path / "service.db")
    database = Database(f"sqlite:///{tmp_path}/service.db")
    with database.begin() as session:
        publish_agreement(session)
    table, name = column.split(".")
    with database.connect() as connection:
        connection.execute(text(f"UPDATE {table} SET {name} = 'words'"))

    with pytest.raises(RecordError, match=f"{column} holds a value that is not (blob|integer)"):
        check(database)
    database.dispose()


@pytest.mark.parametrize("number", [0, 1])
def test_a_document_that_was_exchanged_with_all_its_digests_contradicts_the_record(lived_in: Database, number: int):
    with lived_in.connect() as connection:
        connection.execute(text("DELETE FROM signatures WHERE revision > :number"), {"number": number})
        connection.execute(text("DELETE FROM revisions WHERE number > :number"), {"number": number})
        connection.execute(
            text("UPDATE revisions SET delta = :delta, length = :length, sha256 = :sha256 WHERE number = :number"),
            forged(lived_in, number),
        )

    with pytest.raises(RecordError, match=f"revision {number} of agreement {AGREEMENT} is not the one in the record"):
        check(lived_in)


def forged(database: Database, number: int) -> dict[str, object]:
    with database.read() as session:
        before = agreements.read_pdf(session, AGREEMENT, number - 1) if number else b""
    delta = b"Somebody else signs.\n"
    whole = before + delta
    return {"delta": delta, "length": len(whole), "sha256": sha256(whole).hexdigest(), "number": number}


def test_a_countersigned_agreement_holds_together(lived_in: Database, guard: Guard):
    with lived_in.begin() as session:
        sign(session, give_mandate(session, add_person(session, OFFICER), "secretariat:officer"), "countersignature")

    assert check(lived_in, guard).revisions == 4

"""Lists in pages: nothing is shown twice or left out, and an index finds where each page begins."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from signing_service.agreement.terms import SECRETARIAT
from signing_service.encoding import canonical_json
from signing_service.errors import InputError, NotFoundError
from signing_service.store import (
    acts,
    agreements,
    attempts,
    ledger,
    listing,
    mandates,
    openings,
    outbox,
    passkeys,
    questions,
    sessions,
)
from signing_service.store.database import Database
from signing_service.store.driver import Driver
from signing_service.store.listing import Stage
from signing_service.store.tables import Withdrawal
from tests.cast import BEREZINA, LIN, NANJING, NOON, OFFICER, SOMCHAI, SOPHEA
from tests.store.world import (
    AGREEMENT,
    OTHER_AGREEMENT,
    add_agreement,
    add_person,
    give_mandate,
    publish_agreement,
    sign,
)

PARTIES = [{"name": one.name, "native_name": one.native_name} for one in (NANJING, BEREZINA)]
NAMED = canonical_json({"parties": PARTIES, "title": {"en": "Exchange of Students", "zh": "学生交流"}})
DRAFTS = tuple(letter * 26 for letter in "cdefg")


@pytest.fixture
def full(database: Database) -> Database:
    """One agreement countersigned, one withdrawn, five drafts, of which four were made in the same second."""
    with database.begin() as session:
        publish_agreement(session)
        officer = add_person(session, OFFICER)
        sign(session, give_mandate(session, officer, SECRETARIAT), "countersignature")
        publish_agreement(session, OTHER_AGREEMENT)
        index = ledger.append(session, OTHER_AGREEMENT, "withdrawal", {"reason": "a slip"}, NOON).index
        row = Withdrawal(agreement=OTHER_AGREEMENT, officer=officer.id, reason="a slip", time=NOON, entry_index=index)
        acts.add_withdrawal(session, row)
        for draft in DRAFTS:
            add_agreement(session, draft)
        agreements.get(session, DRAFTS[0]).created = NOON + timedelta(hours=1)
        agreements.replace_draft(session, DRAFTS[0], reference="MOU_7/2026", terms=NAMED, files={})
    return database


def walk(database: Database, limit: int, stage: Stage = "") -> list[str]:
    """All pages, one after the other."""
    found: list[str] = []
    with database.read() as session:
        while page := listing.agreements_page(session, limit=limit, stage=stage, after=found[-1] if found else ""):
            assert len(page) <= limit
            found += [agreement.id for agreement in page]
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_show_every_agreement_once_however_large_they_are(full: Database, limit: int):
    found = walk(full, limit)
    assert found == [DRAFTS[0], *reversed(DRAFTS[1:]), OTHER_AGREEMENT, AGREEMENT]


def test_each_stage_lists_its_own(full: Database):
    assert walk(full, 2, "draft") == [DRAFTS[0], *reversed(DRAFTS[1:])]
    assert walk(full, 2, "open") == []
    assert walk(full, 2, "closed") == [OTHER_AGREEMENT, AGREEMENT]
    with full.read() as session:
        assert listing.count_agreements(session) == {"draft": 5, "open": 0, "closed": 2}


@pytest.mark.parametrize("words", ["exchange of", "学生", NANJING.name.upper(), BEREZINA.native_name.swapcase()])
def test_a_search_finds_titles_and_parties_in_any_script_and_case(full: Database, words: str):
    with full.read() as session:
        assert [one.id for one in listing.agreements_page(session, limit=9, search=words)] == [DRAFTS[0]]
        assert not listing.agreements_page(session, limit=9, stage="closed", search=words)


def test_a_search_takes_a_part_of_the_reference_as_it_is_written(full: Database):
    with full.read() as session:
        found = listing.agreements_page(session, limit=9, search="mou_7")
        assert [agreement.id for agreement in found] == [DRAFTS[0]]
        assert listing.agreements_page(session, limit=9, search="mou%7") == []
        assert len(listing.agreements_page(session, limit=9, search="12c12u")) == 6


def test_people_are_found_by_a_part_of_either_name_or_of_the_address(database: Database):
    with database.begin() as session:
        ids = {person.name: add_person(session, person).id for person in (LIN, SOMCHAI, SOPHEA)}
    with database.read() as session:
        everybody = [person.name for person in listing.people_page(session, limit=9)]
        assert everybody == sorted(ids)
        behind = listing.people_page(session, limit=9, after=ids[everybody[0]])
        assert [person.name for person in behind] == everybody[1:]
        for words in (SOMCHAI.name[:4].upper(), SOMCHAI.native_name, SOMCHAI.email[:9]):
            assert words is not None
            assert [person.name for person in listing.people_page(session, limit=9, search=words)] == [SOMCHAI.name]


def test_somebody_sees_published_agreements_of_their_own_mandates(full: Database):
    with full.begin() as session:
        lin = add_person(session, LIN)
        give_mandate(session, lin, "njupt:president")
        give_mandate(session, lin, "njupt:president", DRAFTS[0])
    with full.read() as session:
        assert [row.id for row in listing.agreements_of(session, lin.id, limit=9)] == [AGREEMENT]
        assert listing.agreements_of(session, lin.id, limit=9, after=AGREEMENT) == []


Look = Callable[[Session], object]
LATER = NOON + timedelta(days=2)


@pytest.mark.parametrize(
    ("index", "look"),
    [
        ("ix_agreements_created", lambda session: listing.agreements_page(session, limit=3)),
        ("ix_agreements_open", lambda session: listing.agreements_page(session, limit=3, stage="open")),
        ("ix_agreements_draft", lambda session: listing.agreements_page(session, limit=3, stage="draft")),
        ("ix_agreements_closed", lambda session: listing.agreements_page(session, limit=3, stage="closed")),
        ("ix_agreements_provable_until", listing.first_end),
        ("ix_agreements_provable_until", lambda session: listing.ending_before(session, NOON, 3, (NOON, AGREEMENT))),
        ("ix_agreements_next_reminder", lambda session: listing.to_remind(session, NOON, LATER, 3)),
        ("ix_people_name", lambda session: listing.people_page(session, limit=3)),
        ("ix_outbox_", lambda session: outbox.failed(session, 3)),
        ("ix_outbox_state_next_attempt", lambda session: outbox.anything_due(session, NOON)),
        ("ix_outbox_state_next_attempt", lambda session: outbox.claim(session, now=NOON, lease=timedelta(1))),
        ("ix_revisions_first", lambda session: agreements.by_revision0(session, "0" * 64)),
        ("ix_attempts_approved", lambda session: attempts.end_all_of(session, AGREEMENT)),
        ("ix_enrolments_waiting", passkeys.waiting),
        ("ix_enrolments_waiting", passkeys.count_waiting),
        ("ix_mandates_agreement", lambda session: mandates.ever_named(session, AGREEMENT)),
        ("ix_questions_unanswered", questions.unanswered),
        (
            "ix_sessions_living",
            lambda session: sessions.count_living(session, now=NOON, idle=timedelta(1), absolute=timedelta(1)),
        ),
        ("entries", lambda session: openings.of_scope_from(session, AGREEMENT, 0, 3)),
        ("entries", lambda session: openings.end_of_scope(session, AGREEMENT)),
    ],
)
def test_what_grows_is_found_by_an_index(full: Database, index: str, look: Look):
    with full.begin() as session:
        plan = explain(session, look)
    names = {"sqlite": "sqlite_autoindex_entries_1", "postgresql": "uq_entries_scope"}
    assert (names[full.dialect] if index == "entries" else index) in plan, plan


def test_mails_that_were_sent_cost_nothing_to_count_the_others(full: Database):
    with full.begin() as session:
        plan = explain(session, outbox.undelivered)
    if full.dialect == "sqlite":
        assert plan.count("ix_outbox_state_next_attempt (state=?)") == 2, plan
        assert "SCAN" not in plan, plan
    else:
        plan = plan.replace("(state)::text", "state")  # as the table's own rows are looked at, or the index alone
        assert "Index Cond: (state = 'waiting'::text)" in plan, plan
        assert "ix_outbox_failed" in plan or "Index Cond: (state = 'failed'::text)" in plan, "either is as good"
        assert "Seq Scan" not in plan, plan


def explain(session: Session, look: Look) -> str:
    """How the database finds what ``look`` asks for."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        asked.append((statement, parameters))

    beneath: list[tuple[str, Any]] = []
    execute = Driver._execute

    def note_beneath(driver: Driver, statement: str, parameters: Any) -> Any:
        beneath.append((statement, parameters))
        return execute(driver, statement, parameters)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    with suppress(NotFoundError), patch.object(Driver, "_execute", note_beneath):
        look(session)
    event.remove(connection, "before_cursor_execute", note)
    driver = Driver.of(session)
    word = "EXPLAIN QUERY PLAN"
    if connection.dialect.name == "postgresql":  # a table of seven rows is read whole otherwise
        word = "EXPLAIN"
        session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off"))
    plans = [connection.exec_driver_sql(f"{word} {statement}", parameters).all() for statement, parameters in asked]
    return f"{plans} {[driver.rows(f'{word} {statement}', parameters) for statement, parameters in beneath]}"


@pytest.mark.parametrize("word", ["\0", "a\0b", "%_\\", "'; drop table people --"])
def test_whatever_is_looked_for_nothing_is_found_or_it_is_refused(database: Database, word: str):
    """PostgreSQL keeps no text with a zero byte, and said so by an error of its own."""
    with suppress(InputError), database.read() as session:
        assert not listing.people_page(session, limit=2, search=word)
    with suppress(InputError), database.read() as session:
        assert not listing.agreements_page(session, limit=2, after=word, search=word)

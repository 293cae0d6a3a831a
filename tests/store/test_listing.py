"""Lists in pages: nothing is shown twice or left out, and an index finds where each page begins."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import text

from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import InputError
from signing_service.store import acts, agreements, ledger, listing
from signing_service.store.database import Database
from signing_service.store.listing import Stage
from signing_service.store.tables import Withdrawal
from tests.cast import LIN, NOON, OFFICER, SOMCHAI, SOPHEA
from tests.store.world import (
    AGREEMENT,
    OTHER_AGREEMENT,
    add_agreement,
    add_person,
    give_mandate,
    publish_agreement,
    sign,
)

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
        agreements.get(session, DRAFTS[0]).reference = "MOU_7/2026"
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


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT id FROM agreements ORDER BY created DESC, id DESC LIMIT 3", "ix_agreements_created"),
        (
            ("SELECT id FROM agreements WHERE state = 'published' AND countersigned IS NULL AND withdrawn IS NULL "
            "ORDER BY created DESC, id DESC LIMIT 3"),
            "ix_agreements_open",
        ),
        ("SELECT min(provable_until) FROM agreements", "ix_agreements_provable_until"),
        ("SELECT name FROM people ORDER BY name, id LIMIT 3", "ix_people_name"),
    ],
)
def test_what_grows_is_found_by_an_index(full: Database, query: str, index: str):
    with full.begin() as session:
        if full.dialect == "sqlite":
            plan = session.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()
        else:
            session.execute(text("SET LOCAL enable_seqscan = off"))  # a table of seven rows is read whole otherwise
            session.execute(text("SET LOCAL enable_sort = off"))
            plan = session.execute(text(f"EXPLAIN {query}")).all()
    assert index in str(plan)


@pytest.mark.parametrize("word", ["\0", "a\0b", "%_\\", "'; drop table people --"])
def test_whatever_is_looked_for_nothing_is_found_or_it_is_refused(database: Database, word: str):
    """PostgreSQL keeps no text with a zero byte, and said so by an error of its own."""
    with suppress(InputError), database.read() as session:
        assert not listing.people_page(session, limit=2, search=word)
    with suppress(InputError), database.read() as session:
        assert not listing.agreements_page(session, limit=2, after=word, search=word)

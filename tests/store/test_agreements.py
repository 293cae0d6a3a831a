from __future__ import annotations

from hashlib import sha256

import pytest

from signing_service.errors import ConflictError, NotFoundError
from signing_service.store import agreements
from signing_service.store.database import Database
from tests.cast import NOON
from tests.store.world import AGREEMENT, BASE, OTHER_AGREEMENT, add_agreement, publish_agreement, revision

SECOND = b"Somchai signs.\n"
THIRD = b"Sophea signs.\n"


def test_a_draft_keeps_its_source(database: Database):
    with database.begin() as session:
        add_agreement(session)

    with database.read() as session:
        assert agreements.get(session, AGREEMENT).state == "draft"
        assert agreements.source_files(session, AGREEMENT) == {
            "agreement.toml": b'id = "alliance"\n',
            "zh.md": "# 联盟\n".encode(),
        }


def test_a_draft_can_be_replaced_whole(database: Database):
    with database.begin() as session:
        add_agreement(session)
    with database.begin() as session:
        files = {"en.md": b"# New\n"}
        agreements.replace_draft(session, AGREEMENT, reference="12C12U/2026", terms=b"{}", files=files)

    with database.read() as session:
        assert agreements.get(session, AGREEMENT).reference == "12C12U/2026"
        assert agreements.source_files(session, AGREEMENT) == {"en.md": b"# New\n"}


def test_a_published_agreement_is_frozen(database: Database):
    with database.begin() as session:
        publish_agreement(session)

    with pytest.raises(ConflictError, match="frozen"), database.begin() as session:
        agreements.replace_draft(session, AGREEMENT, reference="12C12U/2026", terms=b"{}", files={})
    with pytest.raises(ConflictError, match="published already"), database.begin() as session:
        publication = agreements.Publication(b"{}", b"{}", 1, 1, revision(0, b"", b"another"), None)
        agreements.publish(session, AGREEMENT, publication, now=NOON)
    with database.read() as session:
        assert agreements.read_pdf(session, AGREEMENT) == BASE


def test_the_document_is_put_together_from_its_deltas(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        agreements.add_revision(session, AGREEMENT, revision(1, BASE, SECOND), now=NOON)
        agreements.add_revision(session, AGREEMENT, revision(2, BASE + SECOND, THIRD), now=NOON)

    with database.read() as session:
        assert agreements.read_pdf(session, AGREEMENT) == BASE + SECOND + THIRD
        assert agreements.read_pdf(session, AGREEMENT, 1) == BASE + SECOND
        assert list(agreements.read_deltas(session, AGREEMENT, 0, 2)) == [(1, SECOND), (2, THIRD)]
        assert list(agreements.read_deltas(session, AGREEMENT, 0, 1)) == [(1, SECOND)]


def test_the_newest_end_is_all_that_the_next_delta_needs(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        agreements.add_revision(session, AGREEMENT, revision(1, BASE, SECOND), now=NOON)

    with database.read() as session:
        whole = BASE + SECOND
        newest = agreements.RevisionEnd(1, len(whole), len(BASE), 11, sha256(whole).hexdigest())
        assert agreements.newest_end(session, AGREEMENT) == newest
        assert [end.number for end in agreements.ends(session, AGREEMENT)] == [0, 1]


def test_a_second_successor_of_one_revision_is_refused_by_the_database(database: Database):
    with database.begin() as session:
        publish_agreement(session)
        agreements.add_revision(session, AGREEMENT, revision(1, BASE, SECOND), now=NOON)

    with pytest.raises(ConflictError, match="revision 1 of the agreement exists already"), database.begin() as session:
        agreements.add_revision(session, AGREEMENT, revision(1, BASE, THIRD), now=NOON)
    with database.read() as session:
        assert agreements.read_pdf(session, AGREEMENT) == BASE + SECOND


def test_what_is_not_there_is_not_found(database: Database):
    with database.begin() as session:
        add_agreement(session)

    with database.begin() as session:
        for look in (
            lambda: agreements.get(session, OTHER_AGREEMENT),
            lambda: agreements.lock(session, OTHER_AGREEMENT),
            lambda: agreements.newest_end(session, AGREEMENT),
            lambda: agreements.read_pdf(session, AGREEMENT),
            lambda: agreements.document(session, "0" * 64),
        ):
            with pytest.raises(NotFoundError):
                look()


def test_a_revision_that_does_not_exist_is_not_found(database: Database):
    with database.begin() as session:
        publish_agreement(session)

    with database.read() as session, pytest.raises(NotFoundError):
        agreements.read_pdf(session, AGREEMENT, 1)


def test_agreements_are_listed_the_last_made_first(database: Database):
    with database.begin() as session:
        add_agreement(session, OTHER_AGREEMENT)
        add_agreement(session, AGREEMENT)

    with database.read() as session:
        assert {row.id for row in agreements.newest_first(session)} == {AGREEMENT, OTHER_AGREEMENT}


def test_a_document_of_evidence_is_kept_once(database: Database):
    with database.begin() as session:
        for _ in range(2):
            agreements.add_document(session, sha256(b"%PDF").hexdigest(), b"%PDF", now=NOON)

    with database.read() as session:
        assert agreements.document(session, sha256(b"%PDF").hexdigest()) == b"%PDF"

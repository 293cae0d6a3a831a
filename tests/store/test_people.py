from __future__ import annotations

from datetime import timedelta

import pytest

from signing_service.errors import ConflictError, NotAllowedError, NotFoundError
from signing_service.store import installation, people, sessions
from signing_service.store.database import Database
from signing_service.store.identifiers import hash_token, new_id, new_token
from signing_service.store.tables import Invitation
from tests.cast import NOON, OFFICER, ORIGIN, PUBLIC_URL, SECOND_OFFICER, SOMCHAI, SOPHEA
from tests.store.world import add_person

TOMORROW = NOON + timedelta(days=1)
LIMITS = {"idle": timedelta(hours=1), "absolute": timedelta(hours=12)}


def test_ids_and_tokens_are_random_and_well_formed():
    ids, tokens = {new_id() for _ in range(100)}, {new_token() for _ in range(100)}

    assert len(ids) == len(tokens) == 100
    assert all(len(value) == 26 and set(value) <= set("abcdefghijklmnopqrstuvwxyz234567") for value in ids)
    assert all(len(value) == 43 for value in tokens)


def test_a_person_is_found_by_the_address_in_any_case(database: Database):
    with database.begin() as session:
        somchai = people.add(session, name="Somchai Thongdee", email="Somchai@Andaman.example", now=NOON)

    with database.read() as session:
        found = people.by_email(session, "SOMCHAI@andaman.EXAMPLE")
        assert found is not None
        assert found.id == somchai.id
        assert people.by_email(session, "nobody@andaman.example") is None


def test_an_address_belongs_to_one_person(database: Database):
    with database.begin() as session:
        add_person(session, SOMCHAI)

    with pytest.raises(ConflictError, match=SOMCHAI.email), database.begin() as session:
        people.add(session, name="Another", email=SOMCHAI.email.upper(), now=NOON)


def test_a_stranger_is_not_found(database: Database):
    with database.read() as session, pytest.raises(NotFoundError):
        people.get(session, "nobody")


def test_officers_are_those_who_may_still_log_in(database: Database):
    with database.begin() as session:
        for person in (SOMCHAI, SECOND_OFFICER, OFFICER):
            add_person(session, person)
        add_person(session, SOPHEA).ended = NOON
        people.officers(session)[1].ended = NOON

    with database.read() as session:
        assert [officer.name for officer in people.officers(session)] == [OFFICER.name]
        assert len(people.everybody(session)) == 4


def test_an_invitation_opens_as_often_as_one_looks_and_is_used_once(database: Database):
    with database.begin() as session:
        somchai = add_person(session, SOMCHAI)
        token = people.invite(session, somchai.id, "invitation", now=NOON, expires=TOMORROW)
    with database.begin() as session:
        for _ in range(2):
            invitation = people.open_invitation(session, token, now=NOON)
        assert invitation.person == somchai.id
        people.use_invitation(session, invitation, now=NOON)

    with database.begin() as session:
        with pytest.raises(NotAllowedError, match="used already"):
            people.open_invitation(session, token, now=NOON)
        with pytest.raises(NotAllowedError, match="used already"):
            people.use_invitation(session, invitation, now=NOON)


def test_a_link_that_is_unknown_expired_or_withdrawn_does_not_open(database: Database):
    with database.begin() as session:
        somchai = add_person(session, SOMCHAI)
        token = people.invite(session, somchai.id, "sign-in", now=NOON, expires=TOMORROW)
        for unknown in ("", new_token(), token + "x", "\udcff"):
            with pytest.raises(NotAllowedError, match="not valid"):
                people.open_invitation(session, unknown, now=NOON)
        with pytest.raises(NotAllowedError, match="expired"):
            people.open_invitation(session, token, now=TOMORROW)
        assert people.revoke_invitations(session, somchai.id, now=NOON) == 1
        assert people.revoke_invitations(session, somchai.id, now=NOON) == 0
        with pytest.raises(NotAllowedError, match="withdrawn"):
            people.open_invitation(session, token, now=NOON)


def test_links_of_one_purpose_are_withdrawn_alone(database: Database):
    with database.begin() as session:
        somchai = add_person(session, SOMCHAI)
        login = people.invite(session, somchai.id, "sign-in", now=NOON, expires=TOMORROW)
        people.invite(session, somchai.id, "invitation", now=NOON, expires=TOMORROW)

        assert people.revoke_invitations(session, somchai.id, now=NOON, purpose="invitation") == 1
        people.open_invitation(session, login, now=NOON)


def test_no_token_is_in_the_database(database: Database):
    with database.begin() as session:
        token = people.invite(session, add_person(session, SOMCHAI).id, "sign-in", now=NOON, expires=TOMORROW)
        invitation = session.get(Invitation, hash_token(token))

    assert invitation is not None
    assert token not in repr(vars(invitation))


def test_a_session_is_found_by_its_cookie_until_it_ends(database: Database):
    with database.begin() as session:
        somchai = add_person(session, SOMCHAI)
        token = sessions.start(session, somchai.id, now=NOON, address="192.0.2.7", agent="Firefox" * 99)
    with database.begin() as session:
        found = sessions.find(session, token, now=NOON, **LIMITS)
        assert found is not None
        assert (found.person, found.name, found.created) == (somchai.id, somchai.name, NOON)
        (shown,) = sessions.living(session, somchai.id, now=NOON, **LIMITS)
        assert (shown.address, len(shown.agent)) == ("192.0.2.7", 255)
        sessions.end(session, token, now=NOON)

    with database.read() as session:
        assert sessions.find(session, token, now=NOON, **LIMITS) is None
        assert sessions.find(session, new_token(), now=NOON, **LIMITS) is None


def test_a_session_dies_of_idleness_of_age_and_with_its_person(database: Database):
    with database.begin() as session:
        somchai = add_person(session, SOMCHAI)
        token = sessions.start(session, somchai.id, now=NOON, address="192.0.2.7", agent="Firefox")

        assert sessions.find(session, token, now=NOON + timedelta(hours=1), **LIMITS) is None
        sessions.touch(session, token, now=NOON + timedelta(hours=11, minutes=30))
        assert sessions.find(session, token, now=NOON + timedelta(hours=11, minutes=59), **LIMITS) is not None
        assert sessions.find(session, token, now=NOON + timedelta(hours=12), **LIMITS) is None
        somchai.ended = NOON
        session.flush()
        assert sessions.find(session, token, now=NOON + timedelta(minutes=1), **LIMITS) is None


def test_seeing_a_browser_is_written_now_and_then_only(database: Database):
    with database.begin() as session:
        token = sessions.start(session, add_person(session, SOMCHAI).id, now=NOON, address="192.0.2.7", agent="")
        found = sessions.find(session, token, now=NOON, **LIMITS)

    assert found is not None
    assert not sessions.needs_touch(found, now=NOON + timedelta(seconds=59))
    assert sessions.needs_touch(found, now=NOON + timedelta(seconds=60))


def test_stepping_up_is_remembered(database: Database):
    with database.begin() as session:
        somchai = add_person(session, SOMCHAI).id
        token = sessions.start(session, somchai, now=NOON, address="192.0.2.7", agent="", step_up=False)
        before = sessions.find(session, token, now=NOON, **LIMITS)
        assert before is not None
        assert before.step_up is None
    with database.begin() as session:
        sessions.step_up(session, token, now=NOON + timedelta(minutes=2))

    with database.read() as session:
        after = sessions.find(session, token, now=NOON, **LIMITS)
        assert after is not None
        assert after.step_up == NOON + timedelta(minutes=2)


def test_all_other_browsers_of_a_person_can_be_logged_out(database: Database):
    with database.begin() as session:
        somchai = add_person(session, SOMCHAI).id
        tokens = [sessions.start(session, somchai, now=NOON, address="192.0.2.7", agent="") for _ in range(3)]
        other = sessions.start(session, add_person(session, SOPHEA).id, now=NOON, address="192.0.2.8", agent="")
        sessions.end_all(session, somchai, now=NOON, but=tokens[1])

    with database.read() as session:
        left = sessions.living(session, somchai, now=NOON, **LIMITS)
        assert [login.token_sha256 for login in left] == [hash_token(tokens[1])]
        assert sessions.find(session, other, now=NOON, **LIMITS) is not None


def test_a_service_is_installed_once(database: Database):
    identity = {"public_url": PUBLIC_URL, "record_origin": ORIGIN, "relying_party_id": ORIGIN, "trust_file": b"{}\n"}
    with database.begin() as session:
        assert installation.find(session) is None
        installation.add(session, **identity, demo=False, now=NOON)  # type: ignore[arg-type]

    with pytest.raises(ConflictError, match="belongs to a service already"), database.begin() as session:
        installation.add(session, **identity, demo=True, now=NOON)  # type: ignore[arg-type]
    with database.read() as session:
        row = installation.find(session)
        assert row is not None
        assert (row.record_origin, row.demo) == (ORIGIN, False)

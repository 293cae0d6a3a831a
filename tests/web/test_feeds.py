"""A party's feed: a token that is shown once opens the openings of one agreement, and nothing else does."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from signing_service.evidence.event_lines import parse_event_lines
from signing_service.record.entry import verify_opening
from signing_service.store import openings
from signing_service.store.identifiers import hash_token
from signing_service.store.tables import Feed
from signing_service.workflow import feeds
from signing_service.workflow.feeds import feeds_of, make_feed, revoke_feed
from tests.cast import LIN, NANJING, OFFICER, PUBLIC_URL
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]


def read(anybody: Visitor, agreement: str, token: str, query: str = "") -> tuple[int, bytes, str]:
    headers = {"Authorization": f"Bearer {token}"}
    answer = anybody.client.get(f"/record/feed/{agreement}{query}", base_url=PUBLIC_URL, headers=headers)
    return answer.status_code, answer.data, answer.headers["Content-Type"]


def test_the_token_opens_every_entry_of_the_agreement_and_none_of_another_scope(anybody: Visitor, world: World):
    token = make_feed(world.service, world.officer, world.agreement, NANJING.id)
    status, data, kind = read(anybody, world.agreement, token)
    assert (status, kind) == (200, "application/jsonl")
    lines = parse_event_lines(data, "feed")
    with world.service.database.read() as session:
        assert [line.index for line in lines] == [one.index for one in openings.of_scope(session, world.agreement)]
    for line in lines:
        assert line.event is not None
        assert line.salt is not None
        verify_opening(line.entry, line.event, line.salt)


def test_pages_follow_each_other_by_the_index_of_the_record(
    anybody: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
):
    token = make_feed(world.service, world.officer, world.agreement, NANJING.id)
    whole = read(anybody, world.agreement, token)[1]
    monkeypatch.setattr(feeds, "PAGE", 2)
    pages: list[bytes] = []
    start = 0
    while page := read(anybody, world.agreement, token, f"?from={start}")[1]:
        pages.append(page)
        start = parse_event_lines(page, "feed")[-1].index + 1
    assert b"".join(pages) == whole
    assert len(pages) > 2
    for wrong in ("-1", "x", "1e3", "9" * 30, "\u0661"):
        assert read(anybody, world.agreement, token, f"?from={wrong}")[0] == 400


def test_every_wrong_token_gets_the_same_answer(anybody: Visitor, visit: Visit, world: World):
    token = make_feed(world.service, world.officer, world.agreement, NANJING.id)
    ended = make_feed(world.service, world.officer, world.agreement, NANJING.id)
    with world.service.database.read() as session:
        feed = session.scalars(select(Feed).where(Feed.token_sha256 == hash_token(ended))).one()
    revoke_feed(world.service, world.officer, world.agreement, feed.id)
    other = World.of(world.service, world.officer, people=world.ids).publish().agreement
    wrong = [
        (world.agreement, ended),
        (world.agreement, "x" * 43),
        (world.agreement, ""),
        (other, token),
        ("a" * 26, token),
        (world.agreement, token[:-1]),
    ]
    anybody.get("/record/")
    told = rb'content="[^"]{40,}"|value="[^"]{40,}"|feed/[a-z2-7]{26}'  # CSRF tokens, and the address itself
    pages = {re.sub(told, b"", read(anybody, *one)[1]) for one in wrong}
    assert len(pages) == 1
    assert {read(anybody, *one)[0] for one in wrong} == {404}
    assert read(visit(OFFICER), world.agreement, "x")[0] == 404, "a session opens no feed"
    assert read(anybody, world.agreement, token)[0] == 200


def test_the_officer_makes_a_token_that_is_shown_once_and_stored_hashed(visit: Visit, anybody: Visitor, world: World):
    officer = visit(OFFICER)
    path = f"/secretariat/agreements/{world.agreement}/feeds/"
    assert path in officer.get(f"/secretariat/agreements/{world.agreement}/").text
    officer.get(path)
    made = officer.submit(path, party=NANJING.id)
    assert made.headers["Cache-Control"] == "no-store"
    found = re.search(rf"{world.agreement} ([A-Za-z0-9_-]{{43}})", made.text)
    assert found
    assert f"record monitor {PUBLIC_URL}/record \\" in made.text
    assert read(anybody, world.agreement, found[1])[0] == 200
    page = officer.get(path).text
    assert found[1] not in page
    (feed,) = feeds_of(world.service, None, world.agreement)
    assert (feed.party, feed.created_by, feed.token_sha256) == (NANJING.id, world.officer, hash_token(found[1]))
    assert feed.last_used == world.clock()
    assert officer.submit(f"{path}{feed.id}/revoke").status_code == 302
    assert "closed" in officer.get(path).text
    assert read(anybody, world.agreement, found[1])[0] == 404


def test_nobody_else_makes_or_ends_one(visit: Visit, world: World):
    path = f"/secretariat/agreements/{world.agreement}/feeds/"
    lin = visit(LIN)
    assert lin.get(path).status_code == 404
    assert lin.submit(path, party=NANJING.id).status_code == 404
    officer = visit(OFFICER)
    officer.get(path)
    assert officer.submit(path, party="nobody").status_code == 404
    assert officer.submit(f"{path}{'a' * 26}/revoke").status_code == 404
    officer.csrf = "wrong"
    assert officer.submit(path, party=NANJING.id).status_code == 400


def test_a_draft_has_no_feed(visit: Visit, draft: World):
    officer = visit(OFFICER)
    officer.get("/secretariat/")
    assert officer.submit(f"/secretariat/agreements/{draft.agreement}/feeds/", party=NANJING.id).status_code == 404

"""Parties and people by CSV on the secretariat's pages."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest
from werkzeug.test import TestResponse

from signing_service.errors import InputError
from signing_service.workflow.roster import import_roster
from signing_service.workflow.spreadsheets import to_csv
from tests.cast import ALES, LIN, OFFICER, SOPHEA, TONLE
from tests.web.visitor import Visitor
from tests.workflow.test_roster import HEADING, row, table
from tests.workflow.world import World

Visit = Callable[..., Visitor]
ORGAN = "Rectors' conference"


@pytest.fixture
def officer(visit: Visit, draft: World) -> Visitor:
    return visit(OFFICER)


def url(world: World, rest: str = "") -> str:
    return f"/secretariat/agreements/{world.agreement}/{rest}"


def look(officer: Visitor, world: World, data: bytes) -> TestResponse:
    officer.get(url(world, "parties"))
    answer: TestResponse = officer.submit(url(world, "parties"), file=(BytesIO(data), "parties.csv"))
    return answer


def content(page: str) -> str:
    found = re.search(r'name="content"[^>]* value="([^"]*)"', page)
    assert found
    return html.unescape(found[1])


def test_a_file_is_looked_at_and_then_taken_over(officer: Visitor, draft: World):
    assert url(draft, "parties") in officer.get(url(draft)).text
    page = look(officer, draft, table(row(LIN), row(SOPHEA))).text
    for text in (TONLE.native_name, SOPHEA.email, "is added", "known already", "Their mandates end"):
        assert text in page
    assert re.search(rf"Added \(1\)</dt><dd>{TONLE.name}</dd>", page)
    removed = re.search(r"3 parties are not in the file and are removed from the draft:</p><p>([^<]*)", page)
    assert removed
    assert ALES.university.name in removed[1]
    assert TONLE.native_name not in officer.get(url(draft)).text, "so far nothing is taken over"
    taken = officer.submit(url(draft, "parties/import"), content=content(page), organ=ORGAN, last_day="")
    assert taken.status_code == 303
    after = officer.get(url(draft)).text
    assert "2 parties are taken over." in after
    assert TONLE.native_name in after
    assert "Everybody is named." in after


def test_what_is_wrong_is_told_by_row_and_column_and_nothing_can_be_taken_over(officer: Visitor, draft: World):
    data = table(row(LIN, country="Atlantis"), row(SOPHEA, email="nobody"))
    answer = look(officer, draft, data)
    assert answer.status_code == 400
    assert "2 cells are not right." in answer.text
    assert "Mend it in your spreadsheet" in look(officer, draft, table(row(LIN, country="Atlantis"))).text
    assert re.search(r">2</td><td[^>]*>country</td>", answer.text)
    assert re.search(r">3</td><td[^>]*>email</td>", answer.text)
    assert "Take all of it over" not in answer.text
    bad = officer.submit(url(draft, "parties/import"), content=b64encode(data).decode(), organ=ORGAN, last_day="")
    assert bad.status_code == 400
    assert SOPHEA.name not in officer.get("/secretariat/people").text


def test_taking_over_without_saying_who_authorised_asks_for_it(officer: Visitor, draft: World):
    page = look(officer, draft, table(row(SOPHEA))).text
    answer = officer.submit(url(draft, "parties/import"), content=content(page), organ="", last_day="")
    assert answer.status_code == 400
    assert "Say who authorised these people." in answer.text
    assert content(answer.text) == content(page)


def test_a_last_day_that_is_over_is_told_at_its_field_and_nobody_is_named(officer: Visitor, draft: World):
    page = look(officer, draft, table(row(SOPHEA))).text
    answer = officer.submit(url(draft, "parties/import"), content=content(page), organ=ORGAN, last_day="2001-01-01")
    assert answer.status_code == 400
    assert re.search(r'<p class="error" id="last_day-error">The mandate has ended already\.', answer.text)
    with pytest.raises(InputError, match="the mandate has ended already"):
        data = table(row(SOPHEA))
        import_roster(draft.service, draft.officer, draft.agreement, data, organ=ORGAN, last_day=date(2001, 1, 1))


def test_where_every_row_says_who_authorised_nothing_more_is_asked(officer: Visitor, draft: World):
    columns = [*HEADING, "authorised_by"]
    page = look(officer, draft, to_csv(columns, [[*row(LIN), "Council"], [*row(SOPHEA), ""]])).text
    assert "Authorised by: Council" in page
    assert 'name="organ"' in page, "one row does not say it"
    page = look(officer, draft, to_csv(columns, [[*row(LIN), "Council"], [*row(SOPHEA), "Senate"]])).text
    assert 'name="organ"' not in page
    taken = officer.submit(url(draft, "parties/import"), content=content(page), last_day="")
    assert taken.status_code == 303
    assert "Senate" in officer.get(url(draft, "parties.csv")).text


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"party,name\n", b"x" * (1024 * 1024 + 1)])
def test_what_is_no_such_table_is_refused_with_the_reason(officer: Visitor, draft: World, data: bytes):
    answer = look(officer, draft, data)
    assert answer.status_code in (400, 413)
    assert 'role="alert"' in answer.text


def test_without_a_file_one_is_told(officer: Visitor, draft: World):
    officer.get(url(draft, "parties"))
    assert "No file was chosen." in officer.submit(url(draft, "parties")).text
    forged = officer.submit(url(draft, "parties/import"), content="ä", organ=ORGAN, last_day="")
    assert forged.status_code == 400


def test_tables_are_saved_as_csv(officer: Visitor, world: World):
    for path in ("/secretariat/people.csv", url(world, "history.csv"), url(world, "parties.csv")):
        answer = officer.get(path)
        assert answer.mimetype == "text/csv"
        assert answer.data.startswith(b"\xef\xbb\xbf")
        assert "attachment" in answer.headers["Content-Disposition"]
    assert "/secretariat/people.csv" in officer.get("/secretariat/people").text
    assert url(world, "history.csv") in officer.get(url(world, "history")).text


def test_representatives_get_none_of_it(visit: Visit, draft: World):
    lin = visit(LIN)
    for path in (
        "/secretariat/people.csv",
        url(draft, "history.csv"),
        url(draft, "parties.csv"),
        url(draft, "parties"),
    ):
        assert lin.get(path).status_code == 404

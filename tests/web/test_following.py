"""The secretariat's forms around an agreement, without scripts: rules, reminders, questions, and who may look on."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from signing_service.agreement.terms import Terms
from signing_service.store import agreements
from tests.cast import ANDAMAN, LIN, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]

pytestmark = pytest.mark.databases("sqlite", "postgresql")
ALL = {"signatures": "all", "zone": "Asia/Bangkok", "order": "free", "minimum_assurance": "service"}
FORCE = {"force": "on-countersignature"}


def terms(world: World) -> Terms:
    with world.service.database.read() as session:
        return Terms.from_json(agreements.get(session, world.agreement).terms)


def test_a_representative_asks_and_an_officer_answers(visit: Visit, world: World):
    lin, officer = visit(LIN), visit(OFFICER)
    path = f"/agreements/{world.agreement}/questions/"
    lin.get(path)
    assert lin.submit(path, text="May we <b>sign</b> first?").status_code == 303
    assert "May we &lt;b&gt;sign&lt;/b&gt; first?" in lin.get(path).text
    assert "1 question waits for your answer." in officer.get(f"/secretariat/agreements/{world.agreement}/").text
    page = officer.get(f"/secretariat{path}").text
    assert LIN.name in page
    assert officer.submit(f"/secretariat{path}1", text="In any order.").status_code == 303
    assert "In any order." in lin.get(path).text
    assert visit(SOMCHAI).get(path).text.count("In any order.") == 0


def test_an_empty_question_is_complained_of_beside_its_field(visit: Visit, world: World):
    lin = visit(LIN)
    path = f"/agreements/{world.agreement}/questions/"
    lin.get(path)
    answer = lin.submit(path, text="")
    assert 'aria-invalid="true"' in answer.text


def test_times_are_entered_in_a_named_zone_and_kept_in_utc(visit: Visit, draft: World):
    officer = visit(OFFICER)
    path = f"/secretariat/agreements/{draft.agreement}/rules"
    officer.get(path)
    times = {"opens": "2025-04-11T09:00", "closes": "2025-04-12T18:30"}
    assert officer.submit(path, **ALL, **FORCE, **times).status_code == 303
    rules = terms(draft).rules
    assert (f"{rules.opens:%d %H:%M}", f"{rules.closes:%d %H:%M}") == ("11 02:00", "12 11:30")
    page = officer.get(f"/secretariat/agreements/{draft.agreement}/").text
    assert "Signing opens on" in page
    assert '<time datetime="2025-04-11T02:00:00Z" data-beside>11 Apr 2025, 02:00 UTC</time>' in page
    assert "&lt;time" not in page


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({**ALL, **FORCE, "signatures": "at-least"}, {"count": "Write a number from 1 to 3."}),
        ({**ALL, **FORCE, "signatures": "at-least", "count": "9"}, {"count": "Write a number from 1 to 3."}),
        ({**ALL, **FORCE, "signatures": "named"}, {"named": "Tick those that must sign."}),
        ({**ALL, **FORCE, "opens": "2025-04-12T09:00", "closes": "2025-04-11T09:00"}, {"closes": "after it opens"}),
        ({**ALL, "force": "on-date"}, {"date": "Choose the date."}),
        (
            {**ALL, "signatures": "at-least", "force": "days-after", "opens": "soon", "closes": "1-1"},
            {"count": "Write a number", "days": "from 1 to 3660", "opens": "datetime", "closes": "datetime"},
        ),
    ],
)
def test_rules_that_cannot_be_are_refused_each_with_the_reason_at_its_field(
    visit: Visit, draft: World, fields: dict[str, str], told: dict[str, str]
):
    officer, before = visit(OFFICER), terms(draft).rules
    path = f"/secretariat/agreements/{draft.agreement}/rules"
    officer.get(path)
    answer = officer.submit(path, **fields)
    assert answer.status_code == 400
    found = dict(re.findall(r'<p class="error" id="([a-z]+)-error">([^<]*)</p>', answer.text))
    assert found.keys() == told.keys()
    assert all(words in found[name] for name, words in told.items())
    assert all(f'aria-describedby="{name}-error"' in answer.text.replace(f"{name}-hint ", "") for name in told)
    assert len(re.findall(" autofocus", answer.text)) == 1
    assert terms(draft).rules == before


def test_what_stands_in_a_field_that_the_choice_does_not_ask_for_does_not_matter(visit: Visit, draft: World):
    officer, path = visit(OFFICER), f"/secretariat/agreements/{draft.agreement}/rules"
    page = officer.get(path).text
    assert all(f'"for-{choice}"' in page for choice in ("at-least", "named", "days-after", "on-date")), "for the style"
    assert officer.submit(path, **ALL, **FORCE, count="many", days="x", date="never").status_code == 303
    assert terms(draft).rules.signatures.kind == "all"


def test_rules_of_a_published_agreement_cannot_be_changed(visit: Visit, world: World):
    officer = visit(OFFICER)
    path = f"/secretariat/agreements/{world.agreement}/rules"
    officer.get(path)
    assert officer.submit(path, **ALL, **FORCE).status_code == 409


def test_the_secretariat_decides_what_everybody_may_see(visit: Visit, anybody: Visitor, world: World):
    world.sign(SOMCHAI)
    officer = visit(OFFICER)
    officer.get(f"/secretariat/agreements/{world.agreement}/")
    paths = [f"/{kind}/{world.agreement}" for kind in ("ceremony", "status")]

    def allow(publicity: str) -> None:
        form = {"remind_every": "", "publicity": publicity}
        assert officer.submit(f"/secretariat/agreements/{world.agreement}/manners", **form).status_code == 303

    for path in paths:
        assert ANDAMAN.name in anybody.get(path).text
        assert SOMCHAI.name not in anybody.get(path).text
    allow("people")
    for path in paths:
        assert SOMCHAI.name in anybody.get(path).text
    assert anybody.get(f"{paths[0]}/state.json").json["signers"][1]["name"] == SOMCHAI.name
    allow("nobody")
    for path in (*paths, f"{paths[0]}/state.json"):
        assert anybody.get(path).status_code == 404


def test_reminders_go_out_at_a_press_and_are_told_of(visit: Visit, world: World):
    world.clock.forward(days=2)
    officer = visit(OFFICER)
    page = f"/secretariat/agreements/{world.agreement}/"
    assert "never here yet" in officer.get(page).text
    assert officer.submit(f"{page}remind").status_code == 303
    assert "4 reminders are on their way." in officer.get(page).text
    officer.submit(f"{page}remind")
    assert "Nobody was reminded" in officer.get(page).text


def test_the_hall_shows_who_is_just_signing_and_when_it_was_complete(visit: Visit, anybody: Visitor, world: World):
    signing = world.signing(LIN)
    state = anybody.get(f"/ceremony/{world.agreement}/state.json").json
    assert state["signers"][0]["status"] == "waiting", "who only looks is not signing"
    signing.approve()
    state = anybody.get(f"/ceremony/{world.agreement}/state.json").json
    assert [one["status"] for one in state["signers"]] == ["signing", "waiting", "waiting", "waiting"]
    assert state["completed"] is None
    world.clock.forward(seconds=20)
    state = anybody.get(f"/ceremony/{world.agreement}/state.json").json
    assert state["signers"][0]["status"] == "waiting", "who left the page is not signing"
    world.sign(LIN)
    state = anybody.get(f"/ceremony/{world.agreement}/state.json").json
    assert state["signers"][0]["status"] == "signed"


@pytest.mark.parametrize("page", ["ceremony", "status"])
def test_a_slash_too_many_is_no_error(anybody: Visitor, world: World, page: str):
    assert anybody.get(f"/{page}/{world.agreement}/").status_code == 200

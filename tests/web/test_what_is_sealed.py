"""What goes into a draft and is sealed: all mistakes are told before, and names are those that are sealed."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from io import BytesIO

import pytest

from signing_service.workflow import publication
from signing_service.workflow.corrections import Correction, correct_person
from signing_service.workflow.drafts import replace_source
from tests.cast import ANDAMAN, LIN, NANJING, OFFICER, SOMCHAI
from tests.web.test_drafting import FIELDS, NEW
from tests.web.visitor import Visitor
from tests.workflow.devices import Devices, asking_for_passkeys
from tests.workflow.test_roster import row, table
from tests.workflow.world import World, source

Visit = Callable[..., Visitor]


@pytest.fixture
def officer(visit: Visit, draft: World) -> Visitor:
    return visit(OFFICER)


def url(world: World, rest: str = "") -> str:
    return f"/secretariat/agreements/{world.agreement}/{rest}"


def words(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_every_unfinished_mark_is_told_at_the_text_it_stands_in(officer: Visitor):
    officer.get(NEW)
    text = FIELDS["texts-en"].replace("We agree", "We **agree").replace("One", "*One")
    answer = officer.submit(NEW, **FIELDS | {"texts-en": text})
    assert answer.status_code == 400
    told = answer.text[answer.text.index('id="texts-en-error"') :].partition("</ul>")[0]
    assert told.count("<li>") == 2
    assert "Line 1: in “We **agree.” the mark ** would be printed as it stands." in words(told)
    assert "Line 5: in “*One.” the mark * would be printed as it stands." in words(told)
    assert r"\* prints a star" in words(told)


@pytest.mark.parametrize("country", ["KH", "kh", "Cambodia", "柬埔寨"])
def test_the_form_takes_a_country_s_letters_and_its_names(officer: Visitor, country: str):
    officer.get(NEW)
    chinese = {"languages": "zh", "title-zh": "协定", "parties-0-signers-0-title-zh": "校长"}
    texts = {"texts-zh": "我们同意。\r\n\r\n## 目的\r\n\r\n一。\r\n"}
    answer = officer.submit(NEW, **FIELDS | chinese | texts | {"parties-0-country": country})
    assert answer.status_code == 303


def test_everything_wrong_in_the_files_is_told_at_once_with_its_lines(officer: Visitor, draft: World):
    files = source()
    files["agreement.toml"] = files["agreement.toml"].replace(b'country = "CN"', b'country = "China"')
    files["en.md"] = files["en.md"].replace(b"establish", b"**establish")
    path = url(draft, "files")
    officer.get(path)
    answer = officer.submit(path, files=[(BytesIO(data), name) for name, data in files.items()])
    assert "2 things are not right." in answer.text
    told = words(answer.text)
    assert "country 'China' is not of the form" in told
    assert "Line 5 of en.md: The Parties **establish an alliance." in told


def test_a_file_of_people_tells_who_stands_there_twice(officer: Visitor, draft: World):
    andaman = row(SOMCHAI, representative=LIN.name, representative_native=LIN.native_name or "", email=LIN.email)
    path = url(draft, "parties")
    officer.get(path)
    answer = officer.submit(path, file=(BytesIO(table(row(LIN), andaman)), "parties.csv"))
    assert "Look at these people once more:" in answer.text
    assert f"signs for several parties: {NANJING.name}, {ANDAMAN.name}" in words(answer.text)


def test_the_form_of_rules_refuses_turns_that_paper_would_stop(officer: Visitor, draft: World):
    path = url(draft, "rules")
    officer.get(path)
    chosen = {"signatures": "all", "zone": "UTC", "minimum_assurance": "service", "force": "on-countersignature"}
    answer = officer.submit(path, **chosen, order="in-turns", paper="shown")
    assert answer.status_code == 400
    told = answer.text[answer.text.index('id="paper-error"') :].partition("</p>")[0]
    assert "let all sign in any order" in told
    assert officer.submit(path, **chosen, order="in-turns", paper="counts").status_code == 303


def test_where_paper_stops_the_turns_of_a_published_agreement_the_page_of_paper_tells(
    officer: Visitor, draft: World, monkeypatch: pytest.MonkeyPatch
):
    """An older release published such rules."""
    rules = 'signatures = { kind = "all" }\norder = "in-turns"\nminimum_assurance = "service"\npaper = "shown"\n'
    replace_source(draft.service, draft.officer, draft.agreement, source(rules=rules))
    monkeypatch.setattr(publication, "checklist", lambda *_: [])
    draft.publish()
    told = "those behind wait until a party signs here or declines"
    assert told in officer.get(url(draft, "paper/")).text


def test_what_the_rules_need_of_officers_stands_in_what_is_to_be_done(officer: Visitor, draft: World):
    rules = 'signatures = { kind = "all" }\norder = "free"\nminimum_assurance = "passkey"\n'
    replace_source(draft.service, draft.officer, draft.agreement, source(rules=rules))
    shown = words(officer.get(url(draft)).text)
    assert "Officers have to make a passkey: without one in the trust file nobody can confirm" in shown


def test_a_corrected_name_is_told_beside_the_one_that_is_sealed(officer: Visitor, visit: Visit, world: World):
    correction = Correction("Shuyi Lin", LIN.native_name, LIN.email)
    correct_person(world.service, world.officer, world.ids[LIN], correction)
    page = words(officer.get(url(world)).text)
    assert f"{LIN.name} now named Shuyi Lin" in page
    own = visit(LIN).get(f"/agreements/{world.agreement}/").text
    assert f"You are {LIN.name}" in own
    assert "The secretariat calls you Shuyi Lin by now." in own
    world.sign(LIN)
    receipt = words(visit(LIN).get(f"/agreements/{world.agreement}/receipts/{LIN.signer}/").text)
    assert f"By {LIN.name} now named Shuyi Lin" in receipt
    assert "Shuyi Lin" not in visit(SOMCHAI).get(f"/ceremony/{world.agreement}").text, "the hall shows what is sealed"


def test_who_confirms_a_passkey_reads_how_the_person_is_called_by_now(visit: Visit, world: World):
    devices = Devices.in_(asking_for_passkeys(world))
    world = devices.world
    devices.enrol(LIN)
    correct_person(world.service, world.officer, world.ids[LIN], Correction("Shuyi Lin", LIN.native_name, LIN.email))
    page = words(visit(OFFICER).get("/secretariat/passkeys/").text)
    assert f"{LIN.name} now named Shuyi Lin" in page


def test_a_new_person_s_mistakes_are_told_at_once_each_at_its_field(officer: Visitor):
    path = "/secretariat/people"
    officer.get(path)
    answer = officer.submit(path, name="12", native_name="", email="rector@andaman", locale="en")
    assert "holds no letter" in answer.text
    assert "has no whole domain behind the @" in answer.text


def test_a_second_person_of_one_name_is_added_and_told(officer: Visitor):
    path = "/secretariat/people"
    officer.get(path)
    officer.submit(path, name=LIN.name, native_name="", email="other@andaman.example", locale="en")
    assert f"Somebody of this name was there already: {LIN.email}." in officer.get(path).text

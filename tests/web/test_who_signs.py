"""The forms that name who signs: what was typed stays, and each mistake is told at its field."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from io import BytesIO

import pytest

from signing_service.agreement.mandates import Mandate
from signing_service.errors import InputError, NotAllowedError
from signing_service.store import mandates, people
from signing_service.workflow.mandates import Authority, add_mandate, give_mandate
from signing_service.workflow.withdrawal import withdraw
from tests.cast import ALES, LIN, NOON, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]
TYPED = {"person": ALES.email, "organ": "University Council", "document": "No. 7", "reason": "Lin fell ill."}


@pytest.fixture
def officer(visit: Visit, draft: World) -> Visitor:
    return visit(OFFICER)


def url(world: World, rest: str) -> str:
    return f"/secretariat/agreements/{world.agreement}/{rest}"


def party(page: str, signer: str) -> str:
    """The form of one signer."""
    found = re.search(rf'<div class="mandate" id="{signer}">.*?</details>', page, re.DOTALL)
    assert found
    return found[0]


def error(form: str, field: str) -> str:
    """What is told at a field that is marked as wrong, and is where the browser goes."""
    found = re.search(rf'<input[^>]* id="([^"]+-{field})"[^>]*>', form)
    assert found
    assert f'aria-describedby="{found[1]}-error"' in found[0]
    assert 'aria-invalid="true"' in found[0]
    assert "autofocus" in found[0]
    told = re.search(rf'<p class="error" id="{found[1]}-error">([^<]*)</p>', form)
    assert told
    return told[1]


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("reason", {"reason": " "}, "No reason was given. Write 1 to 2000."),
        ("person", {"person": "nobody@uni.example"}, "There is nobody called"),
        ("person", {"person": ""}, "Name a person."),
        ("organ", {"organ": ""}, "Say who authorised this person."),
        ("organ", {"organ": "2026"}, "holds no letter"),
        ("pdf", {"pdf": (BytesIO(b"no PDF"), "full-powers.pdf")}, "is not a PDF"),
        ("until", {"first_day": "2999-01-02", "last_day": "2999-01-01"}, "The mandate ends before it begins."),
        ("until", {"first_day": "2001-01-01", "last_day": "2001-01-02"}, "The mandate has ended already."),
    ],
)
def test_a_mistake_gives_the_form_again_open_at_its_party_with_all_that_was_typed(
    officer: Visitor, world: World, field: str, typed: dict[str, object], told: str
):
    officer.get(url(world, "representatives"))
    answer = officer.submit(url(world, f"mandates/{LIN.signer}"), **(TYPED | typed))
    assert answer.status_code == 400
    form = party(answer.text, LIN.signer)
    assert "<details open>" in form
    assert told in error(form, field)
    assert all(f'value="{text}"' in form for name, text in TYPED.items() if name not in typed)
    assert "<details>" in party(answer.text, SOMCHAI.signer), "the others stay closed"


def test_of_a_file_that_was_chosen_beside_a_mistake_it_is_told_that_it_has_to_be_chosen_again(
    officer: Visitor, world: World
):
    officer.get(url(world, "representatives"))
    typed = TYPED | {"reason": "", "pdf": (BytesIO(b"%PDF-1.7"), "full-powers.pdf")}
    answer = officer.submit(url(world, f"mandates/{LIN.signer}"), **typed)
    assert "Choose the file again." in party(answer.text, LIN.signer)


def test_the_reason_is_marked_as_required_where_somebody_is_replaced_and_not_asked_for_in_a_draft(
    officer: Visitor, draft: World
):
    path = url(draft, "representatives")
    assert f"{LIN.signer}-reason" not in party(officer.get(path).text, LIN.signer)
    draft.publish()
    form = party(officer.get(path).text, LIN.signer)
    assert re.search(r"<input[^>]*-reason[^>]* required", form)
    assert "aria-invalid" not in form


def test_who_has_signed_meanwhile_is_not_replaced_and_the_page_says_so(officer: Visitor, world: World):
    officer.get(url(world, "representatives"))
    world.sign(LIN)
    answer = officer.submit(url(world, f"mandates/{LIN.signer}"), **TYPED)
    assert answer.status_code == 409
    assert "has signed already" in answer.text
    assert SOMCHAI.signer in answer.text, "the others can be replaced from there"


def test_where_nobody_can_sign_any_more_the_page_promises_no_mail(officer: Visitor, world: World):
    page = officer.get(url(world, "representatives")).text
    assert "invited by mail at once" in page
    withdraw(world.service, world.officer, world.agreement, "The annex was missing.")
    page = officer.get(url(world, "representatives")).text
    assert "invited by mail at once" not in page
    assert "nobody gets a mail about it" in page


WRONG_DAYS = {
    "mandates end before they begin; give them anew": Authority("Council", date(2999, 1, 2), date(2999, 1, 1)),
    "mandates have ended already; give them anew": Authority("Council", date(2001, 1, 1), date(2001, 1, 2)),
}


@pytest.mark.parametrize("told", WRONG_DAYS)
def test_a_mandate_of_wrong_days_is_not_stored(draft: World, told: str):
    with pytest.raises(InputError, match=r"the mandate (ends before it begins|has ended already)"):
        give_mandate(draft.service, draft.officer, draft.agreement, LIN.signer, draft.ids[LIN], WRONG_DAYS[told])


@pytest.mark.parametrize("told", WRONG_DAYS)
def test_a_stored_mandate_of_wrong_days_is_told_in_red_and_mended_on_the_draft_s_page(
    officer: Visitor, draft: World, told: str
):
    with draft.service.database.begin() as session:
        person = people.get(session, draft.ids[LIN])
        add_mandate(session, draft.agreement, LIN.signer, person, WRONG_DAYS[told], NOON)
    page = officer.get(url(draft, ""))
    assert page.status_code == 200
    assert re.search(rf'class="status failed"[^>]*>.*?{told.capitalize()}: {LIN.name}', page.text, re.DOTALL)
    assert re.search(r'<li aria-current="step">.*?<a href="#people">', page.text, re.DOTALL)
    assert "<details open>" in party(page.text, LIN.signer)
    with pytest.raises(NotAllowedError, match=told):
        draft.publish()
    anew = {"person": LIN.email, "organ": "Council", "first_day": "", "last_day": "", "document": ""}
    assert officer.submit(url(draft, f"mandates/{LIN.signer}"), **anew).status_code == 302
    assert told.capitalize() not in officer.get(url(draft, "")).text


def test_a_draft_s_form_holds_the_present_mandate_and_keeps_its_document(officer: Visitor, draft: World):
    given = {"person": LIN.email, "organ": "Senate", "first_day": "2026-01-02", "last_day": "2999-03-04"}
    pdf = (BytesIO(b"%PDF-1.7"), "full-powers.pdf")
    officer.get(url(draft, ""))
    officer.submit(url(draft, f"mandates/{LIN.signer}"), **given, document="No. 7", pdf=pdf)
    form = party(officer.get(url(draft, "")).text, LIN.signer)
    assert all(f'value="{text}"' in form for text in ("Senate", "2026-01-02", "2999-03-04", "No. 7"))
    assert re.search("authorised by Senate, valid from [^<]*2026[^<]* until [^<]*2999", form)
    officer.submit(url(draft, f"mandates/{LIN.signer}"), **given | {"last_day": ""}, document="No. 7")
    with draft.service.database.read() as session:
        row = mandates.in_force(session, draft.agreement, LIN.signer)
        assert Mandate.from_json(row.json).document_sha256 == sha256(b"%PDF-1.7").hexdigest()
    other = given | {"organ": "Council"}
    officer.submit(url(draft, f"mandates/{LIN.signer}"), **other, document="No. 7")
    with draft.service.database.read() as session:
        row = mandates.in_force(session, draft.agreement, LIN.signer)
        assert Mandate.from_json(row.json).document_sha256 is None, "another organ's mandate has another document"


def test_the_form_that_replaces_somebody_in_a_published_agreement_holds_no_authority(officer: Visitor, world: World):
    form = party(officer.get(url(world, "representatives")).text, LIN.signer)
    assert re.search(r'<input[^>]*-organ"[^>]* value=""', form)
    assert "authorised by" in form


def test_withdrawing_leads_to_the_form_of_a_corrected_version(officer: Visitor, world: World):
    assert f'href="{url(world, "correction/form")}"' in officer.get(url(world, "withdraw")).text

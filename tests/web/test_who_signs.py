"""The forms that name who signs: what was typed stays, and each mistake is told at its field."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest

from signing_service.workflow.withdrawal import withdraw
from tests.cast import ALES, LIN, OFFICER, SOMCHAI
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

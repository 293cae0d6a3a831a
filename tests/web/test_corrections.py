"""The page on which an officer corrects a name or an address."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.cast import LIN, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]
NEW = "shuyi.lin@njupt.example"


def _seen(page: str) -> str:
    found = re.search(r'name="seen"[^>]* value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def test_an_officer_corrects_an_address_and_is_led_to_a_new_link(visit: Visit, world: World):
    officer = visit(OFFICER)
    access = f"/secretariat/people/{world.ids[LIN]}/access/"
    page = f"/secretariat/people/{world.ids[LIN]}/correction/"
    assert page in officer.get(access).text
    form = officer.get(page).text
    assert f'value="{LIN.email}"' in form
    assert f'value="{LIN.native_name}"' in form
    answer = officer.submit(page, name=LIN.name, native_name=LIN.native_name, email=NEW)
    assert (answer.status_code, answer.location) == (303, access)
    shown = officer.get(access).text
    assert f"The address is {NEW} now. Links to the old one work no more: send a new one." in shown
    assert "the e-mail address, by Mei Tan" in shown
    assert f"/secretariat/people/{world.ids[LIN]}/invite" in shown
    history = officer.get(f"/secretariat/agreements/{world.agreement}/history").text
    assert "Mei Tan corrected the e-mail address of Lin Shuyi." in history


def test_a_corrected_name_leads_to_where_the_old_one_would_be_signed_with(visit: Visit, world: World):
    officer = visit(OFFICER)
    page = f"/secretariat/people/{world.ids[LIN]}/correction/"
    officer.get(page)
    answer = officer.submit(page, name="Shuyi Lin", native_name=LIN.native_name, email=LIN.email)
    shown = officer.get(answer.location).text
    assert "Published agreements keep the old name" in shown
    assert f"/secretariat/agreements/{world.agreement}/representatives" in shown


def test_a_page_that_was_opened_before_another_correction_does_not_undo_it(visit: Visit, world: World):
    officer = visit(OFFICER)
    page = f"/secretariat/people/{world.ids[LIN]}/correction/"
    seen = _seen(officer.get(page).text)
    assert officer.submit(page, name=LIN.name, native_name=LIN.native_name, email=NEW, seen=seen).status_code == 303
    late = officer.submit(page, name="Shuyi Lin", native_name=LIN.native_name, email=LIN.email, seen=seen)
    assert late.status_code == 409
    assert "Somebody has corrected this person since you opened the page, so nothing was changed." in late.text
    assert f'value="{NEW}"' in late.text
    again = officer.submit(page, name="Shuyi Lin", native_name="", email=NEW, seen=_seen(late.text))
    assert again.status_code == 303
    assert f'value="{NEW}"' in officer.get(page).text


def test_mistakes_stand_on_the_form_with_what_was_typed(visit: Visit, world: World):
    officer = visit(OFFICER)
    page = f"/secretariat/people/{world.ids[LIN]}/correction/"
    officer.get(page)
    taken = officer.submit(page, name="Shuyi Lin", native_name="", email=SOMCHAI.email)
    assert taken.status_code == 409
    assert f"There is a person with the address {SOMCHAI.email} already." in taken.text
    assert 'value="Shuyi Lin"' in taken.text
    empty = officer.submit(page, name="", native_name="", email=LIN.email)
    assert empty.status_code == 400
    assert "Type the name." in empty.text

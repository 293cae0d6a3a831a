"""Every page in Chinese, Russian or Thai, in turn, on the smallest phone: axe finds nothing, no word is too long."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from signing_service.store.tables import LoginSession
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.questions import ask
from tests.cast import HOA, SOMCHAI, Person
from tests.web.conftest import LiveServer
from tests.web.pages import BY_PERSON
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check
from tests.workflow.world import source

Screens = Callable[..., Screen]
LANGUAGES = ("zh", "ru", "th")


@pytest.mark.parametrize("person", BY_PERSON, ids=["public", "representative", "officer"])
def test_every_page_is_accessible_and_fits_in_another_language(
    screen: Screens, live: LiveServer, person: Person | None
):
    draft = create_draft(live.world.service, live.world.officer, source())
    ask(live.world.service, live.world.ids[SOMCHAI], live.world.agreement, "May our vice-president sign?")
    window = screen(width=320)
    if person is not None:
        window.sign_in(person)
    with live.world.service.database.begin() as session:
        session.execute(update(LoginSession).values(step_up=None))  # else /prove is passed over
    for path, language in zip(BY_PERSON[person], cycle(LANGUAGES), strict=False):
        window.page.goto(f"/language/{language}")
        window.page.goto(path.format(agreement=live.world.agreement, draft=draft, person=live.world.ids[HOA]))
        expect(window.page.locator(f'html[lang|="{language}"]')).to_have_count(1)
        window.page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        check(window.page, (320, "light"))

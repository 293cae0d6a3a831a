"""What the navigation says of what waits."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from signing_service.errors import UnavailableError
from signing_service.store import passkeys
from signing_service.workflow import confirmation
from tests.cast import LIN, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.devices import Devices
from tests.workflow.world import World

Visit = Callable[..., Visitor]
MENU = re.compile(r"<nav.*?</nav>", re.DOTALL)
PAGE = "/secretariat/people"


def menu(visitor: Visitor) -> str:
    found = MENU.search(visitor.get(PAGE).text)
    return found[0] if found else ""


def test_officers_see_how_many_passkeys_wait_for_them_and_hear_it_in_words(visit: Visit, world: World):
    officer, devices = visit(OFFICER), Devices.in_(world)
    assert "badge" not in menu(officer), "nothing waits"
    enrolled = [devices.enrol(person) for person in (LIN, SOMCHAI)]
    link = menu(officer).partition("/secretariat/passkeys/")[2].partition("</a>")[0]
    assert '<span class="badge" aria-hidden="true">2</span>' in link
    assert '<span class="visually-hidden">, 2 passkeys wait for your confirmation.</span>' in link
    devices.confirm(enrolled[0], method="in-person")
    assert '<span class="badge" aria-hidden="true">1</span>' in menu(officer)
    assert "badge" not in visit(LIN).get("/agreements/").text, "who confirms nothing is told nothing"


def test_it_is_counted_once_a_page(visit: Visit, monkeypatch: pytest.MonkeyPatch):
    officer, asked, count = visit(OFFICER), [], passkeys.count_waiting

    def note(session: Session) -> int:
        asked.append(session)
        return count(session)

    monkeypatch.setattr(passkeys, "count_waiting", note)
    officer.get(PAGE)
    assert len(asked) == 1


def test_a_count_that_fails_takes_no_page_with_it(visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch):
    def no_answer(*_: object) -> int:
        raise UnavailableError("the database does not answer", hint="try again")

    officer = visit(OFFICER)
    monkeypatch.setattr(confirmation, "count_waiting", no_answer)
    assert officer.get(PAGE).status_code == 200

"""Names of universities and people: first the one that the reader's language or letters have, then the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest

from tests.cast import ALES, ANDAMAN, BEREZINA, LIN, NANJING, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]
PLACES = ("/secretariat/agreements/{}/", "/status/{}", "/agreements/{}/")


def words(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>|\s+", " ", page.partition("</header>")[2]))


def comes_first(text: str, first: str, second: str) -> bool:
    return 0 <= text.find(first) < text.find(second)


@pytest.mark.parametrize("place", PLACES)
def test_in_chinese_a_chinese_university_is_called_by_its_own_name_first(visit: Visit, world: World, place: str):
    officer = visit(OFFICER)
    officer.get("/language/zh")
    told = words(officer.get(place.format(world.agreement)).text)
    assert comes_first(told, NANJING.native_name, NANJING.name)
    assert comes_first(told, ANDAMAN.name, ANDAMAN.native_name), "which few of its readers can read"


def test_each_interface_has_its_own_names_first(visit: Visit, world: World):
    officer = visit(OFFICER)
    own = {"en": NANJING.name, "th": ANDAMAN.native_name, "ru": BEREZINA.native_name}
    others = {"en": NANJING.native_name, "th": ANDAMAN.name, "ru": BEREZINA.name}
    for language, name in own.items():
        officer.get(f"/language/{language}")
        assert comes_first(words(officer.get(f"/status/{world.agreement}").text), name, others[language])


def test_a_person_is_called_by_the_name_in_the_readers_letters(visit: Visit, world: World):
    officer = visit(OFFICER)
    people = "/secretariat/people"
    assert comes_first(words(officer.get(people).text), LIN.name, str(LIN.native_name))
    for language, person in {"zh": LIN, "th": SOMCHAI, "ru": ALES}.items():
        officer.get(f"/language/{language}")
        assert comes_first(words(officer.get(people).text), str(person.native_name), person.name)
        agreement = words(officer.get(f"/secretariat/agreements/{world.agreement}/").text)
        assert str(person.native_name) in agreement
        assert person.name not in agreement


def test_who_asked_the_secretariat_is_called_by_the_name_in_the_readers_letters(visit: Visit, world: World):
    path = f"/agreements/{world.agreement}/questions/"
    somchai, officer = visit(SOMCHAI), visit(OFFICER)
    somchai.get(path)
    assert somchai.submit(path, text="May we sign first?").status_code == 303
    assert SOMCHAI.name in words(officer.get(f"/secretariat{path}").text)
    somchai.get("/language/th")
    told = words(somchai.get(path).text)
    assert str(SOMCHAI.native_name) in told
    assert SOMCHAI.name not in told


def test_who_is_asked_whether_it_is_them_is_called_by_one_name_all_over_the_page(visit: Visit, world: World):
    somchai = visit(SOMCHAI)
    somchai.get("/language/th")
    world.clock.forward(minutes=16)
    asked = words(somchai.get("/prove").text)
    assert asked.count(str(SOMCHAI.native_name)) >= 3
    assert SOMCHAI.name not in asked

"""No English stays on a page in another language, but for names and what is marked as English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser

import pytest

from signing_service.ceremony.parties import source_with_parties
from signing_service.workflow.drafts import create_draft
from tests.cast import HOA, LIN, OFFICER, Person
from tests.web.pages import BY_PERSON
from tests.web.visitor import Visitor
from tests.workflow.world import World

LANGUAGE = "zh"  # its own words have no Latin letters; what is not marked for translation stays English in all
SAID = ("aria-label", "title", "placeholder", "alt")
EMPTY = frozenset({"br", "img", "input", "meta", "link", "hr", "path", "rect", "circle", "use", "source", "wbr", "col"})
NOT_READ = frozenset({"script", "style", "code", "pre"})
WORDS = re.compile(r"(?:[A-Za-z][a-z'’-]+[ ,]+){2,}[A-Za-z]+")


class Texts(HTMLParser):
    """Everything that a page says, with the language that it is marked as."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = [("", "")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        language = given.get("lang") or self._open[-1][1]
        self.said += [(language, given[name] or "") for name in SAID if given.get(name)]
        if tag not in EMPTY:
            self._open.append((tag, language))

    def handle_endtag(self, tag: str) -> None:
        while len(self._open) > 1 and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(tag in NOT_READ for tag, _ in self._open):
            self.said.append((self._open[-1][1], " ".join(data.split())))


def english_of(page: str, names: Iterable[str]) -> Iterator[str]:
    texts = Texts()
    texts.feed(page)
    for language, text in texts.said:
        if language == LANGUAGE:
            for name in names:
                text = text.replace(name, "")
            yield from WORDS.findall(text)


def test_english_is_found_where_it_is_not_marked_and_not_where_it_is():
    page = '<p lang="zh">签名 <b>Sign the agreement now</b> <i lang="en">Sign it later, please</i> Nguyen Thi Hoa</p>'
    assert list(english_of(page, [HOA.name])) == ["Sign the agreement now"]


@pytest.mark.parametrize("person", BY_PERSON, ids=["public", "representative", "officer"])
def test_no_page_keeps_english_words(
    anybody: Visitor, visit: Callable[..., Visitor], world: World, person: Person | None
):
    visitor = anybody if person is None else visit(person)
    visitor.get(f"/language/{LANGUAGE}")
    draft = create_draft(world.service, world.officer, source_with_parties(12))
    world.sign(LIN)
    names = [world.service.name, *(one.name for one in (OFFICER, *world.ids))]
    for path in BY_PERSON[person]:
        answer = visitor.get(path.format(agreement=world.agreement, draft=draft, person=world.ids[HOA]))
        if answer.status_code == 303:
            continue  # nothing to prove just after signing in
        assert f'<html lang="{LANGUAGE}">' in answer.text, path
        assert list(english_of(answer.text, names)) == [], path

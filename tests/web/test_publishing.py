"""Publishing asks once more: what it does is told beside the button, and one click alone does nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from signing_service.store import agreements, outbox
from signing_service.workflow.draft_rules import set_rules
from signing_service.workflow.drafts import create_correction, create_draft, replace_source
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.publication import look
from signing_service.workflow.state import load_terms
from tests.cast import LIN, NOON, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.world import World, corrected, source

Visit = Callable[..., Visitor]


@pytest.fixture
def officer(visit: Visit, draft: World) -> Visitor:
    return visit(OFFICER)


def url(agreement: str, rest: str = "") -> str:
    return f"/secretariat/agreements/{agreement}/{rest}"


def another(world: World) -> str:
    """A second draft with the number, version and people of the first."""
    agreement = create_draft(world.service, world.officer, source())
    for person, person_id in world.ids.items():
        give_mandate(
            world.service, world.officer, agreement, person.signer, person_id, Authority("Council", NOON.date())
        )
    return agreement


def is_published(world: World, agreement: str) -> bool:
    with world.service.database.read() as session:
        return agreements.get(session, agreement).state == "published"


def test_one_click_publishes_nothing_and_the_page_says_what_it_would_do(officer: Visitor, draft: World):
    page = officer.get(url(draft.agreement)).text
    for text in ("It becomes TEST/1, version 1.0.", "4 people get an e-mail at once.", "Signing stays open"):
        assert text in page
    answer = officer.submit(url(draft.agreement, "publish"))
    assert answer.status_code == 400
    assert 'aria-describedby="sure-error"' in answer.text
    assert "Tick this if it is to be published." in answer.text
    assert not is_published(draft, draft.agreement)
    assert officer.look_and_publish(draft.agreement, sure="y").status_code == 303
    assert is_published(draft, draft.agreement)
    with draft.service.database.read() as session:
        assert len({mail.person for mail in outbox.of_agreement(session, draft.agreement)}) == 4, "as it was told"


def test_a_second_living_agreement_of_the_same_number_and_version_has_to_be_ticked(officer: Visitor, world: World):
    second = another(world)
    page = officer.get(url(second)).text
    assert "Another published agreement is TEST/1, version 1.0, too." in page
    assert "Another agreement is TEST/1" not in page, "once is enough"
    assert f'href="{url(world.agreement)}"' in page
    answer = officer.submit(url(second, "publish"), sure="y")
    assert answer.status_code == 400
    assert 'aria-describedby="same-error"' in answer.text
    assert not is_published(world, second)
    assert officer.look_and_publish(second, sure="y", same="y").status_code == 303
    assert is_published(world, second)


def test_of_a_corrected_version_it_is_told_what_it_withdraws(officer: Visitor, world: World):
    world.sign(SOMCHAI)
    second = create_correction(world.service, world.officer, world.agreement, corrected())
    page = officer.get(url(second)).text
    assert "TEST/1, version 1.0, is withdrawn by it:" in page
    assert "1 signature was given; it will count no more." in page
    assert "Another published agreement" not in page, "that one ends"


def other_person(world: World) -> None:
    give_mandate(
        world.service, world.officer, world.agreement, LIN.signer, world.ids[SOMCHAI], Authority("Council", NOON.date())
    )


def other_power(world: World) -> None:
    give_mandate(
        world.service, world.officer, world.agreement, LIN.signer, world.ids[LIN], Authority("Council", NOON.date())
    )


def other_text(world: World) -> None:
    files = source()
    files["en.md"] = files["en.md"].replace(b"establish an alliance", b"dissolve it")
    replace_source(world.service, world.officer, world.agreement, files)


def other_rules(world: World) -> None:
    with world.service.database.read() as session:
        rules = load_terms(agreements.get(session, world.agreement)).rules
    set_rules(world.service, world.officer, world.agreement, replace(rules, paper="counts"))


CHANGES = pytest.mark.parametrize("change", [other_person, other_power, other_text, other_rules])


@CHANGES
def test_what_another_officer_changed_since_is_not_published_and_has_to_be_looked_at(
    officer: Visitor, draft: World, change: Callable[[World], None]
):
    seen = look(draft.service, draft.agreement)
    officer.get(url(draft.agreement))
    change(draft)
    answer = officer.submit(url(draft.agreement, "publish"), sure="y", seen=seen)
    assert answer.status_code == 303
    assert not is_published(draft, draft.agreement)
    page = officer.get(url(draft.agreement)).text
    assert "changed since you looked at it, so it is not published. Look at it again, then publish it." in page
    assert officer.look_and_publish(draft.agreement, sure="y").status_code == 303
    assert is_published(draft, draft.agreement)


def test_a_tick_does_not_stay_on_a_page_that_shows_another_draft(officer: Visitor, world: World):
    second = another(world)
    seen = look(world.service, second)
    officer.get(url(second))
    ticked = officer.submit(url(second, "publish"), sure="y", seen=seen)
    assert "The draft has been changed since" not in ticked.text
    assert re.search(r'<input[^>]*\bchecked\b[^>]* id="sure"', ticked.text)
    other_text(replace(world, agreement=second))
    answer = officer.submit(url(second, "publish"), sure="y", seen=seen)
    assert "The draft has been changed since you looked at it" in answer.text
    assert not re.search(r'<input[^>]*\bchecked\b[^>]* id="sure"', answer.text)
    assert f'value="{look(world.service, second)}"' in answer.text


def test_of_another_draft_of_the_same_number_and_version_the_checklist_tells(officer: Visitor, draft: World):
    page = officer.get(url(another(draft))).text
    assert "Another agreement is TEST/1, version 1.0, too." in page
    assert "Another published agreement" not in page

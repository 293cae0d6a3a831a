"""A draft's page says first what is to be done, and folds what is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from signing_service.agreement.rules import EntryIntoForce, Rules, SignatureRule
from signing_service.workflow.draft_rules import set_rules
from signing_service.workflow.drafts import create_draft
from tests.cast import LIN, NOON, OFFICER
from tests.web.visitor import Visitor
from tests.workflow.world import World, source

Visit = Callable[..., Visitor]


def page(officer: Visitor, agreement: str) -> str:
    return str(officer.get(f"/secretariat/agreements/{agreement}/").text)


def following(text: str) -> str:
    """The step that is next, by the section that its title leads to."""
    found = re.findall(r'<li aria-current="step">.*?<a href="#([a-z]+)">', text, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def unfolded(text: str) -> list[str]:
    return re.findall(r'<details class="card section" open>.*?<section[^>]* id="([a-z]+)"', text, re.DOTALL)


def test_with_everything_right_all_is_folded_and_publishing_is_next(visit: Visit, draft: World):
    text = page(visit(OFFICER), draft.agreement)
    assert (following(text), unfolded(text)) == ("publish", [])
    for part in ("text", "rules", "people", "publish"):
        assert text.index(f'href="#{part}"') < text.index(f'id="{part}"'), "each link leads to its section"


def test_who_signs_is_open_at_the_first_party_without_a_representative(visit: Visit, draft: World):
    agreement = create_draft(draft.service, draft.officer, source())
    text = page(visit(OFFICER), agreement)
    assert (following(text), unfolded(text)) == ("people", ["people"])
    mandates = re.findall(r'<div class="mandate" id="([^"]+)">.*?<details( open)?>', text, re.DOTALL)
    assert [signer for signer, is_open in mandates if is_open] == [LIN.signer]
    assert len(mandates) > 1


def test_rules_by_which_nobody_could_sign_are_open_and_come_first(visit: Visit, draft: World):
    closed = Rules(SignatureRule("all"), EntryIntoForce("on-countersignature"), closes=NOON - timedelta(days=1))
    set_rules(draft.service, draft.officer, draft.agreement, closed)
    text = page(visit(OFFICER), draft.agreement)
    assert (following(text), unfolded(text)) == ("rules", ["rules"])


def test_a_text_that_cannot_be_printed_comes_first(visit: Visit, draft: World):
    files = source()
    files["en.md"] = files["en.md"].replace(b"an alliance", "an alliance \U00013000".encode())
    text = page(visit(OFFICER), create_draft(draft.service, draft.officer, files))
    assert (following(text), unfolded(text)) == ("text", ["text", "people"])

"""What becomes of the links that somebody has when they are given another one."""

from __future__ import annotations

import pytest

from signing_service.workflow.delivery import without_tokens
from signing_service.workflow.enrolment import invite, open_invitation
from signing_service.workflow.links import SIGN_IN_LIFETIME, new_link
from signing_service.workflow.mandates import Authority, give_mandate
from tests.cast import LIN, SOMCHAI
from tests.workflow.test_people import token_of
from tests.workflow.world import World


@pytest.mark.parametrize("purpose", ["password", "sign-in", "officer"])
def test_who_is_invited_or_newly_named_keeps_the_links_they_got_for_something_else(world: World, purpose: str) -> None:
    world.publish()
    with world.service.database.begin() as session:
        link = new_link(session, world.service, world.ids[LIN], purpose, world.clock(), SIGN_IN_LIFETIME)
    invite(world.service, world.officer, world.ids[LIN])
    authority = Authority("Both councils", world.clock.now.date())
    give_mandate(
        world.service, world.officer, world.agreement, SOMCHAI.signer, world.ids[LIN], authority, "Somchai is ill."
    )
    assert open_invitation(world.service, token_of(link)).person_name == LIN.name


@pytest.mark.parametrize("asked", ["", "?language=zh", "?language=zh-Hant"])
def test_a_link_that_names_a_language_loses_its_token_like_any_other_once_the_mail_is_out(asked: str):
    page = f"https://sign.example.org/invitation{asked}"
    assert without_tokens(f"open {page}#{43 * 'x'}\n") == f"open {page}#…\n"

"""Before the signing table is somebody's: who is listed, and what the officer is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from signing_service.store import people
from signing_service.workflow.withdrawal import withdraw
from tests.cast import ALES, HOA, LIN, NANJING, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.world import World

Visit = Callable[..., Visitor]
IN_TURN = (LIN, SOMCHAI, ALES, HOA)


@pytest.fixture
def table(app: Flask) -> Visitor:
    """The shared tablet."""
    return Visitor(app)


def test_the_officer_is_asked_who_stands_there_before_the_device_is_handed_over(
    table: Visitor, world: World
):
    table.sign_in(OFFICER)
    path = f"/secretariat/table/{world.agreement}/{LIN.signer}"
    listed = table.get("/secretariat/table/").text
    assert f'href="{path}"' in listed
    assert f'action="{path}"' not in listed, "one press in the wrong line would sign the officer out"
    asked = table.get(path).text
    for text in (f"Is this {LIN.name}?", LIN.native_name or "", NANJING.name, "TEST/1", f"hand over to {LIN.name}"):
        assert text in asked
    assert table.get("/secretariat/people").status_code == 200, "looking hands nothing over"
    table.submit(path)
    page = table.get(f"/agreements/{world.agreement}/").text
    assert "If you are somebody else, press “Finish”" in page


def test_only_who_can_still_sign_is_listed(table: Visitor, world: World):
    table.sign_in(OFFICER)
    world.sign(SOMCHAI)
    with world.service.database.begin() as session:
        people.get(session, world.ids[HOA]).ended = world.clock.now
    listed = table.get("/secretariat/table/").text
    assert [person.name in listed for person in IN_TURN] == [True, False, True, False]
    signed = f"/secretariat/table/{world.agreement}/{SOMCHAI.signer}"
    assert (table.get(signed).status_code, table.submit(signed).status_code) == (409, 409)
    withdraw(world.service, world.officer, world.agreement, "The annex was missing.")
    assert "Nobody is to sign just now." in table.get("/secretariat/table/").text
    assert table.submit(f"/secretariat/table/{world.agreement}/{LIN.signer}").status_code == 409
    assert table.get("/secretariat/people").status_code == 200, "the officer is still signed in"


def test_the_officers_own_place_is_not_offered(table: Visitor, world: World):
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).office = "officer"
    table.sign_in(LIN)
    listed = table.get("/secretariat/table/").text
    main = listed.partition("<main")[2].partition("</main>")[0]
    assert [person.name in main for person in (LIN, SOMCHAI)] == [False, True]


def test_a_passkey_is_never_asked_to_be_made_on_the_shared_device(table: Visitor, visit: Visit, world: World):
    path = f"/agreements/{world.agreement}/passkey/{LIN.signer}/"
    table.sign_in(OFFICER).submit(f"/secretariat/table/{world.agreement}/{LIN.signer}")
    assert "never on this device" in table.get(path).text
    assert "the device that you are using now" not in table.get(path).text
    assert "the device that you are using now" in visit(LIN).get(path).text

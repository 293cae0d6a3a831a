"""Where somebody is signed in: seen without telling machines, and ended by oneself and by officers."""

from __future__ import annotations

import pytest

from signing_service.errors import NotAllowedError, NotFoundError
from signing_service.store import people, sessions
from signing_service.workflow.login import session_person
from signing_service.workflow.own_sessions import (
    end_all_by_officer,
    end_others,
    end_session,
    own_sessions,
    sessions_for_officer,
    shorten,
)
from tests.cast import LIN, SOMCHAI, Person
from tests.workflow.world import World

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1"
LAPTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0"


def come(world: World, person: Person = LIN, agent: str = LAPTOP, address: str = "192.0.2.77") -> str:
    now = world.clock.now
    with world.service.database.begin() as session:
        return sessions.start(session, world.ids[person], now=now, address=address, agent=agent, method="passkey")


def test_a_person_sees_the_browsers_with_place_and_way_but_no_machines_address(world: World):
    come(world, agent=PHONE, address="2001:db8:1:2::7")
    world.clock.forward(minutes=2)
    token = come(world)
    here, phone = own_sessions(world.service, world.ids[LIN], token)
    assert (here.browser, here.system, here.address, here.method) == ("Edge", "Windows", "192.0.2.0/24", "passkey")
    assert here.current
    assert (phone.browser, phone.system, phone.address) == ("Safari", "iPhone", "2001:db8:1::/48")
    assert not phone.current


@pytest.mark.parametrize("address", ["", "unix:", "192.0.2.300"])
def test_what_is_no_address_is_not_shown(address: str):
    assert shorten(address) == ""


def test_a_session_is_ended_by_its_name_and_by_nobody_else(world: World):
    token = come(world)
    [own] = own_sessions(world.service, world.ids[LIN])
    with pytest.raises(NotFoundError):
        end_session(world.service, world.ids[SOMCHAI], own.id)
    assert session_person(world.service, token) is not None
    end_session(world.service, world.ids[LIN], own.id)
    assert session_person(world.service, token) is None
    with pytest.raises(NotFoundError):
        end_session(world.service, world.ids[LIN], own.id)


def test_the_names_of_sessions_are_not_what_the_database_keeps_of_their_tokens(world: World):
    come(world)
    [own] = own_sessions(world.service, world.ids[LIN])
    assert len(own.id) == 32


def test_all_others_end_and_this_one_stays(world: World):
    old, other, mine = come(world), come(world, SOMCHAI), come(world)
    end_others(world.service, world.ids[LIN], mine)
    assert session_person(world.service, old) is None
    assert session_person(world.service, mine) is not None
    assert session_person(world.service, other) is not None


def test_idle_and_old_sessions_are_not_listed(world: World):
    come(world)
    world.clock.forward(minutes=61)
    assert own_sessions(world.service, world.ids[LIN]) == []


def test_an_officer_signs_somebody_out_everywhere(world: World):
    token, other = come(world), come(world, SOMCHAI)
    assert len(sessions_for_officer(world.service, world.officer, world.ids[LIN])) == 1
    end_all_by_officer(world.service, world.officer, world.ids[LIN])
    assert session_person(world.service, token) is None
    assert session_person(world.service, other) is not None


def test_nobody_but_an_officer_sees_or_ends_the_sessions_of_others(world: World):
    token = come(world)
    for ask in (sessions_for_officer, end_all_by_officer):
        with pytest.raises(NotAllowedError):
            ask(world.service, world.ids[SOMCHAI], world.ids[LIN])
    with world.service.database.begin() as session:
        people.get(session, world.officer).ended = world.clock.now
    with pytest.raises(NotAllowedError):
        end_all_by_officer(world.service, world.officer, world.ids[LIN])
    assert session_person(world.service, token) is not None


def test_what_a_page_asks_by_itself_does_not_keep_a_session_alive(world: World):
    token = come(world)
    for _ in range(6):
        world.clock.forward(minutes=10)
        looked = session_person(world.service, token, seen=False)
    assert looked is None


def test_what_the_person_does_keeps_it_alive_until_the_absolute_limit(world: World):
    token = come(world)
    for _ in range(12):
        world.clock.forward(minutes=59)
        assert session_person(world.service, token) is not None
    world.clock.forward(minutes=13)
    assert session_person(world.service, token) is None

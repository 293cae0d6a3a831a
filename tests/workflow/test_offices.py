"""Who may do what: one table of offices, the same on docs/roles.md, and what each office is good for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signing_service.agreement.terms import SECRETARIAT
from signing_service.encoding import parse_canonical_json
from signing_service.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import openings
from signing_service.workflow import download, overview
from signing_service.workflow.codes import reset_codes
from signing_service.workflow.confirmation import begin_confirmation
from signing_service.workflow.history import history
from signing_service.workflow.login import session_person, sign_in
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.observers import end_observing, invite_observer
from signing_service.workflow.officers import add_officer
from signing_service.workflow.offices import give_office
from signing_service.workflow.own_sessions import end_all_by_officer
from signing_service.workflow.people import NewPerson, add_person, offered
from signing_service.workflow.permissions import LEAD, OFFICER, OFFICES, OPERATOR, PERMISSIONS, may
from signing_service.workflow.prepared import LEASE
from signing_service.workflow.publication import look, publish
from signing_service.workflow.service_state import read_state
from signing_service.workflow.succession import begin_addition
from signing_service.workflow.withdrawal import withdraw
from tests.cast import ALES, LIN, PASSWORD, SAULE, SECOND_OFFICER, SOMCHAI
from tests.workflow.devices import Devices
from tests.workflow.world import Signing, World

ROLES = Path(__file__).parents[2] / "docs" / "roles.md"
RUSLAN = NewPerson(SECOND_OFFICER.name, SECOND_OFFICER.email)


def newcomer(world: World) -> str:
    return add_person(world.service, world.officer, NewPerson(SAULE.name, SAULE.email))


def told(world: World) -> list[dict[str, object]]:
    """The service's events about offices."""
    with world.service.database.read() as session:
        found = [one for one in openings.of_scope(session, SERVICE_SCOPE) if one.type == "office-given"]
    return [parse_canonical_json(one.event or b"")["person"] | parse_canonical_json(one.event or b"") for one in found]


def test_the_page_of_roles_shows_the_table_that_is_asked():
    rows = re.findall(r"^\| `(\w+)`: [^|]*\| ([^|]*)\| ([^|]*)\| ([^|]*)\|$", ROLES.read_text(), re.MULTILINE)
    columns = (OFFICER, LEAD, OPERATOR)
    shown = {
        name: {office for office, cell in zip(columns, cells, strict=True) if cell.strip()} for name, *cells in rows
    }
    assert shown == {name: set(offices) for name, offices in PERMISSIONS.items()}


def test_no_office_may_nothing():
    assert not any(may("", undertaking) for undertaking in PERMISSIONS)


def test_an_officer_neither_publishes_nor_withdraws_nor_says_who_the_officers_are(world: World):
    ruslan = add_officer(world.service, world.officer, RUSLAN)
    devices = Devices.in_(world)
    waiting, seen = devices.add_officer(ruslan), look(world.service, world.agreement)
    for undertaking in (
        lambda by: publish(world.service, by, world.agreement, seen),
        lambda by: withdraw(world.service, by, world.agreement, "a typo"),
        lambda by: add_officer(world.service, by, NewPerson(SAULE.name, SAULE.email)),
        lambda by: give_office(world.service, by, world.ids[LIN], OPERATOR),
        lambda by: begin_addition(world.service, by, waiting.id),
    ):
        with pytest.raises(NotAllowedError, match="only a lead officer"):
            undertaking(ruslan)
    publish(world.service, world.officer, world.agreement, seen)
    withdraw(world.service, world.officer, world.agreement, "a typo")


def test_a_change_of_office_is_recorded_and_ends_the_sessions(world: World):
    person = world.ids[LIN]
    token = sign_in(world.service, LIN.email, PASSWORD, address="", agent="")
    give_office(world.service, world.officer, person, LEAD)
    assert session_person(world.service, token) is None
    [event] = told(world)
    assert (event["id"], event["office"], event["by"]) == (person, LEAD, world.officer)
    give_office(world.service, person, world.officer, OFFICER)  # one lead officer remains
    assert told(world)[-1]["id"] == world.officer


def test_nobody_changes_their_own_office(world: World):
    with pytest.raises(NotAllowedError, match="their own office"):
        give_office(world.service, world.officer, world.officer, OFFICER)


def test_an_office_that_there_is_not_is_refused(world: World):
    with pytest.raises(InputError, match="no office king"):
        give_office(world.service, world.officer, newcomer(world), "king")


def test_an_officer_in_the_trust_file_leaves_by_a_new_trust_file_only(world: World):
    Devices.in_(world)
    give_office(world.service, world.officer, world.ids[LIN], LEAD)
    for office in ("", OPERATOR):
        with pytest.raises(ConflictError, match="the trust file names"):
            give_office(world.service, world.ids[LIN], world.officer, office)


def test_who_is_no_officer_any_more_countersigns_nothing_that_was_begun_or_approved_before(world: World):
    world.publish()
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    give_office(world.service, world.officer, world.ids[LIN], OFFICER)
    begun, approved = (Signing(world, world.ids[LIN], SECRETARIAT).begin() for _ in range(2))
    approved.approve()
    give_office(world.service, world.officer, world.ids[LIN], "")
    for step in (approved.complete, begun.approve, begun.begin):
        with pytest.raises(NotAllowedError, match="only an officer of the secretariat"):
            step()
    world.clock.forward(seconds=LEASE.total_seconds() + 1)
    world.countersign()


def test_an_operator_sees_the_service_and_no_agreement(world: World):
    operator = newcomer(world)
    give_office(world.service, world.officer, operator, OPERATOR)
    world.publish()
    for reading in (
        lambda: overview.agreement_view(world.service, operator, world.agreement),
        lambda: download.pdf(world.service, operator, world.agreement),
        lambda: download.evidence(world.service, operator, world.agreement),
    ):
        with pytest.raises(NotFoundError):
            reading()
    for asking in (
        lambda: history(world.service, operator, world.agreement),
        lambda: overview.dashboard(world.service, operator),
        lambda: offered(world.service, operator),
    ):
        with pytest.raises(NotAllowedError):
            asking()
    state = read_state(world.service)
    assert (state.problems, state.figures.mails["waiting"]) == (0, 4)
    assert "Test Agreement" not in repr(state)
    assert LIN.name not in repr(state)


def test_who_acts_or_reads_is_no_operator_and_an_operator_gets_no_mandate(world: World):
    world.publish()
    with pytest.raises(ConflictError, match="reads or signs"):
        give_office(world.service, world.officer, world.ids[LIN], OPERATOR)
    operator = newcomer(world)
    give_office(world.service, world.officer, operator, OPERATOR)
    with pytest.raises(ConflictError, match="operator"):
        invite_observer(world.service, world.officer, world.agreement, operator)
    authority = Authority("Council", world.clock.now.date())
    with pytest.raises(ConflictError, match="operator"):
        give_mandate(world.service, world.officer, world.agreement, SOMCHAI.signer, operator, authority, "ill")


def test_an_observer_reads_the_one_agreement_and_nothing_else_of_it(world: World):
    observer = newcomer(world)
    with pytest.raises(NotFoundError):  # a draft
        invite_observer(world.service, world.officer, world.agreement, observer)
    world.publish()
    with pytest.raises(NotFoundError):
        overview.agreement_view(world.service, observer, world.agreement)
    invite_observer(world.service, world.officer, world.agreement, observer)

    assert [view.id for view in overview.agreements_for(world.service, observer).agreements] == [world.agreement]
    assert download.pdf(world.service, observer, world.agreement).startswith(b"%PDF-")
    with pytest.raises(NotFoundError):
        download.evidence(world.service, observer, world.agreement)
    with pytest.raises(NotFoundError):
        world.ids[SOMCHAI], mine = observer, world.ids[SOMCHAI]
        world.signing(SOMCHAI)
    world.ids[SOMCHAI] = mine
    end_observing(world.service, world.officer, world.agreement, observer)
    with pytest.raises(NotFoundError):
        download.pdf(world.service, observer, world.agreement)


def test_a_lead_officer_whose_passkey_is_nowhere_confirms_nothing(world: World):
    devices = Devices.in_(world)
    give_office(world.service, world.officer, world.ids[SOMCHAI], LEAD)
    world.publish()
    enrolled = devices.enrol(LIN)
    with pytest.raises(NotAllowedError, match="trust file"):
        begin_confirmation(world.service, world.ids[SOMCHAI], enrolled.id, "video")
    devices.confirm(enrolled)


@pytest.mark.parametrize("office", OFFICES)
def test_every_office_can_be_given_at_once_with_the_person(world: World, office: str):
    person = add_officer(world.service, world.officer, RUSLAN, office)
    people = offered(world.service, world.officer)
    assert {one.id: one.office for one in people}[person] == office


def test_how_who_holds_an_office_signs_in_is_the_lead_officers_matter(world: World):
    ruslan = add_officer(world.service, world.officer, RUSLAN)
    with pytest.raises(NotAllowedError, match="only a lead officer"):
        end_all_by_officer(world.service, ruslan, world.officer)
    with pytest.raises(NotAllowedError, match="only a lead officer"):
        reset_codes(world.service, ruslan, world.officer)
    end_all_by_officer(world.service, ruslan, world.ids[LIN])
    end_all_by_officer(world.service, world.officer, ruslan)

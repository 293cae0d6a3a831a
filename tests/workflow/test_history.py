"""What the secretariat reads of an agreement's past: the record's events, and between them mails and questions."""

from __future__ import annotations

from datetime import timedelta

from signing_service.store import outbox, questions
from signing_service.workflow.delivery import deliver
from signing_service.workflow.history import HistoryLine, history
from signing_service.workflow.questions import answer, ask
from signing_service.workflow.withdrawal import withdraw
from tests.cast import HOA, LIN, NANJING, OFFICER, SOMCHAI
from tests.workflow.devices import Devices, asking_for_passkeys
from tests.workflow.world import World


def lines_of(world: World, kind: str) -> list[HistoryLine]:
    return [line for line in history(world.service, world.officer, world.agreement) if line.type == kind]


def test_the_history_says_who_published_and_who_withdrew(world: World) -> None:
    world.publish()
    withdraw(world.service, world.officer, world.agreement, "An article is missing.")
    (published,), (withdrawn,) = lines_of(world, "publication"), lines_of(world, "withdrawal")
    assert str(published.text).startswith(f"{OFFICER.name} sealed and published it; revision 0 has the digest ")
    assert str(withdrawn.text) == f"{OFFICER.name} withdrew it: An article is missing."


def test_mails_stand_in_the_history_as_they_wait_are_sent_and_come_back(world: World) -> None:
    world.publish()
    assert all("waits to be sent to" in str(mail.text) for mail in lines_of(world, "mail"))
    while deliver(world.service):
        pass
    with world.service.database.begin() as session:
        to_lin = next(mail for mail in outbox.of_agreement(session, world.agreement) if mail.recipient == LIN.email)
        outbox.mark_returned(session, to_lin, "550 5.1.1 User unknown", for_good=True)
    told = {str(mail.text) for mail in lines_of(world, "mail")}
    assert any(text.endswith(f"was sent to {SOMCHAI.name}") for text in told)
    assert any(text.endswith(f"could not be delivered to {LIN.name}") for text in told)
    assert all(mail.index is None for mail in lines_of(world, "mail"))


def test_questions_and_answers_stand_between_the_events_in_time(world: World) -> None:
    world.publish()
    ask(world.service, world.ids[HOA], world.agreement, "May our vice-rector sign?")
    world.clock.forward(minutes=3)
    with world.service.database.read() as session:
        (asked,) = questions.of_agreement(session, world.agreement)
    answer(world.service, world.officer, world.agreement, asked.id, "Yes, with a mandate.")
    world.clock.forward(minutes=3)
    world.sign(HOA)
    kinds = [line.type for line in history(world.service, world.officer, world.agreement) if line.type != "mail"]
    assert kinds[-4:] == ["question", "answer", "issuance", "signature"]
    assert str(lines_of(world, "question")[0].text) == f"{HOA.name} asked: May our vice-rector sign?"
    assert str(lines_of(world, "answer")[0].text) == f"{OFFICER.name} answered: Yes, with a mandate."


def test_mails_and_events_of_one_minute_stand_in_the_order_in_which_they_happened(world: World) -> None:
    world.publish()
    world.clock.now = world.clock.now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for person in (LIN, SOMCHAI):
        world.sign(person)
        world.clock.forward(seconds=10)
        while deliver(world.service):
            pass
        world.clock.forward(seconds=10)
    lines = history(world.service, world.officer, world.agreement)
    assert [line.time for line in lines] == sorted(line.time for line in lines)
    assert [line.index for line in lines if line.index] == sorted(line.index for line in lines if line.index)
    assert any(line.type == "mail" for line in lines[:-5])


def test_each_act_names_who_did_it_and_each_mandate_who_recorded_it(world: World) -> None:
    devices = Devices.in_(asking_for_passkeys(world))
    world = devices.world
    devices.confirm(devices.enrol(LIN))
    signing = world.signing(LIN)
    devices.approve(signing)
    signing.complete()
    lin, compared = f"{NANJING.name} ({LIN.role.title()})", "having compared the codes by video"
    said = {kind: str(lines_of(world, kind)[0].text) for kind in ("mandate", "enrolment", "confirmation", "issuance")}
    assert said == {
        "mandate": f"{LIN.name} may act for {lin}, by Rector's office; recorded by {OFFICER.name}",
        "enrolment": f"{LIN.name} enrolled a passkey for approvals for {lin}",
        "confirmation": f"{OFFICER.name} confirmed that passkey of {LIN.name} for {lin}, {compared}",
        "issuance": f"a one-time certificate was issued to {LIN.name} for {lin}",
    }
    assert str(lines_of(world, "signature")[0].text).startswith(f"{LIN.name} signed for {lin} at ")

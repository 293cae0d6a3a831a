"""Passkeys from enrolment to the verified signature: who confirms whom, and what counts for nothing."""

from __future__ import annotations

import pytest

from signing_service.ceremony.authenticator import Authenticator, Behaviour
from signing_service.errors import ApprovalError, ConflictError, InputError, NotAllowedError, NotFoundError
from signing_service.store import openings, outbox
from signing_service.verify.verdict import Verdict
from signing_service.workflow.approval_keys import enrol, enrol_again, own_enrolments, revoke
from signing_service.workflow.approvals import PasskeyAnswer
from signing_service.workflow.confirmation import begin_confirmation, confirm, waiting_enrolments
from signing_service.workflow.confirmation import refuse as refuse_code
from signing_service.workflow.download import evidence
from signing_service.workflow.history import history
from signing_service.workflow.login import session_person
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.passkey_login import login_options, sign_in_with_passkey, step_up, step_up_options
from signing_service.workflow.passkeys import register_login, registration_options
from signing_service.workflow.refusal import begin_refusal, refuse
from tests.cast import LIN, OFFICER, PUBLIC_URL, SOMCHAI
from tests.workflow.devices import Devices, asking_for_passkeys
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World

BROWSER = {"address": "192.0.2.7", "agent": "Firefox"}


@pytest.fixture
def devices(world: World) -> Devices:
    return Devices.in_(asking_for_passkeys(world))


def types(devices: Devices) -> list[str]:
    with devices.world.service.database.read() as session:
        return [opening.type for opening in openings.of_scope(session, devices.world.agreement)]


def test_confirmed_passkeys_sign_and_the_evidence_passes(devices: Devices):
    for person in (LIN, SOMCHAI):
        devices.confirm(devices.enrol(person), method="in-person")
        devices.sign(person)
    devices.countersign()
    devices.world.archive()

    _, bundle = evidence(devices.world.service, devices.world.officer, devices.world.agreement)
    report = verify_evidence(bundle, devices.world)

    assert report.verdict is Verdict.PASSED, report.problems
    lin = next(item for item in report.signatures if item.field == LIN.signer)
    assert (lin.assurance, lin.identity.partition(" at ")[0]) == (
        "passkey",
        "officer Mei Tan confirmed the passkey in person",
    )
    texts = [line.text for line in history(devices.world.service, devices.world.officer, devices.world.agreement)]
    confirmed = f"{OFFICER.name} confirmed that passkey of {LIN.name} for"
    assert any(text.startswith(confirmed) and "in person" in text for text in texts)


def test_where_the_codes_differ_the_key_is_revoked_for_good_and_another_one_may_be_made(devices: Devices):
    world = devices.world
    enrolled = devices.enrol(LIN)
    refuse_code(world.service, world.officer, enrolled.id)
    [seen] = own_enrolments(world.service, world.ids[LIN], world.agreement, LIN.signer)
    assert (seen.state, seen.codes_differed) == ("revoked", True)
    with pytest.raises(ConflictError, match="revoked already"):
        devices.confirm(enrolled)
    with world.service.database.read() as session:
        told = [mail.kind for mail in outbox.of_agreement(session, world.agreement) if mail.person == world.ids[LIN]]
    assert "differed" in told
    devices.confirm(devices.enrol(LIN))
    devices.sign(LIN)


def test_a_confirmed_key_is_not_refused_any_more(devices: Devices):
    enrolled = devices.enrol(LIN)
    devices.confirm(enrolled)
    with pytest.raises(ConflictError, match="confirmed already"):
        refuse_code(devices.world.service, devices.world.officer, enrolled.id)


def test_both_sides_compute_their_code_from_the_same_key(devices: Devices):
    enrolled = devices.enrol(LIN)
    [seen] = waiting_enrolments(devices.world.service, devices.world.officer)

    assert seen.key == enrolled.key == devices.device(devices.world.ids[LIN]).passkeys[-1].cose_key
    assert seen.name == LIN.name


def test_an_unconfirmed_passkey_signs_nothing(devices: Devices):
    devices.enrol(LIN)
    with pytest.raises(NotAllowedError, match="waits for the secretariat"):
        devices.world.signing(LIN)


def test_without_a_passkey_nothing_is_begun_where_the_rules_ask_for_one(devices: Devices):
    with pytest.raises(NotAllowedError, match="you need an approval passkey"):
        devices.world.signing(LIN)


def test_a_password_is_refused_where_the_rules_ask_for_a_passkey(devices: Devices):
    devices.confirm(devices.enrol(LIN))
    with pytest.raises(NotAllowedError, match="asks for a passkey"):
        devices.world.signing(LIN).approve()


def test_officers_and_representative_are_told(devices: Devices):
    enrolled = devices.enrol(LIN)
    devices.confirm(enrolled)
    with devices.world.service.database.read() as session:
        kinds = [(mail.kind, mail.recipient) for mail in outbox.of_agreement(session, devices.world.agreement)]
    assert ("confirmed", LIN.email) in kinds
    assert "enrolled" in {kind for kind, _ in kinds}


def test_a_login_passkey_does_not_approve(devices: Devices):
    devices.confirm(devices.enrol(LIN))
    devices.add_login(devices.world.ids[LIN])
    signing = devices.world.signing(LIN)
    with pytest.raises(ApprovalError, match="another use"):
        devices.approve(signing, allowCredentials=[])
    assert "issuance" not in types(devices)


def test_somebody_elses_passkey_does_not_approve(devices: Devices):
    for person in (LIN, SOMCHAI):
        devices.confirm(devices.enrol(person))
    signing = devices.world.signing(LIN)
    with pytest.raises(ApprovalError, match="not one of yours"):
        devices.approve(signing, devices.device(devices.world.ids[SOMCHAI]), allowCredentials=[])


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Behaviour(user_verified=False), "without verifying"),
        (Behaviour(origin="https://sign.example.net"), "foreign page"),
        (Behaviour(relying_party_id="example.net"), "another relying party"),
    ],
)
def test_a_passkey_used_otherwise_does_not_approve(devices: Devices, behaviour: Behaviour, reason: str):
    devices.confirm(devices.enrol(LIN))
    signing = devices.world.signing(LIN)
    devices.device(devices.world.ids[LIN]).behaviour = behaviour
    with pytest.raises(ApprovalError, match=reason):
        devices.approve(signing)


def test_a_revoked_passkey_signs_nothing_until_a_new_one_is_confirmed(devices: Devices):
    person_id, service = devices.world.ids[LIN], devices.world.service
    first = devices.enrol(LIN)
    devices.confirm(first)
    signing = devices.world.signing(LIN)
    revoke(service, person_id, first.id, "lost")
    with pytest.raises(ApprovalError):
        devices.approve(signing)
    devices.of.pop(person_id)
    devices.confirm(devices.enrol(LIN))
    devices.sign(LIN)
    assert types(devices).count("revocation") == 1
    states = [one.state for one in own_enrolments(service, person_id, devices.world.agreement, LIN.signer)]
    assert states == ["confirmed", "revoked"]


def test_what_a_passkey_approved_is_not_signed_once_it_is_revoked(devices: Devices):
    """An attempt on its way, in a browser that somebody else may hold, was completed all the same."""
    world, person_id = devices.world, devices.world.ids[LIN]
    lost = devices.enrol(LIN)
    devices.confirm(lost)
    signing = world.signing(LIN)
    devices.approve(signing)
    revoke(world.service, person_id, lost.id, "lost")
    with pytest.raises(NotAllowedError, match="nothing was signed"):
        signing.complete()
    devices.confirm(devices.enrol(LIN))
    assert devices.sign(LIN), "with a new one the same person signs"


def test_nobody_else_revokes_a_passkey(devices: Devices):
    enrolled = devices.enrol(LIN)
    with pytest.raises(NotFoundError):
        revoke(devices.world.service, devices.world.ids[SOMCHAI], enrolled.id, "lost")


def test_a_replaced_representative_starts_anew(devices: Devices):
    devices.confirm(devices.enrol(LIN))
    world = devices.world
    authority = Authority("University Council", world.clock.now.date())
    give_mandate(world.service, world.officer, world.agreement, LIN.signer, world.ids[LIN], authority, "renewed")
    with pytest.raises(NotAllowedError, match="you need an approval passkey"):
        world.signing(LIN)
    devices.confirm(enrol_again(world.service, world.ids[LIN], world.agreement, LIN.signer))
    devices.sign(LIN)


def test_only_officers_confirm_and_nobody_confirms_their_own(devices: Devices):
    enrolled = devices.enrol(LIN)
    service = devices.world.service
    with pytest.raises(NotAllowedError, match="only an officer"):
        begin_confirmation(service, devices.world.ids[SOMCHAI], enrolled.id, "video")
    with pytest.raises(InputError):
        begin_confirmation(service, devices.world.officer, enrolled.id, "e-mail")


def test_an_answer_is_good_once_and_for_one_enrolment(devices: Devices):
    world, officer = devices.world, devices.world.officer
    lin, somchai = devices.enrol(LIN), devices.enrol(SOMCHAI)
    begun = begin_confirmation(world.service, officer, lin.id, "phone")
    answer = devices.device(officer).get(begun["passkey"])
    with pytest.raises(ApprovalError, match="another signer"):
        confirm(world.service, officer, somchai.id, answer)
    confirm(world.service, officer, lin.id, answer)
    with pytest.raises((ApprovalError, ConflictError)):
        confirm(world.service, officer, lin.id, answer)
    assert types(devices).count("confirmation") == 1


def test_an_old_answer_is_no_answer(devices: Devices):
    world, officer = devices.world, devices.world.officer
    enrolled = devices.enrol(LIN)
    answer = devices.device(officer).get(begin_confirmation(world.service, officer, enrolled.id, "phone")["passkey"])
    world.clock.forward(minutes=11)
    with pytest.raises(ApprovalError, match="too late"):
        confirm(world.service, officer, enrolled.id, answer)


def test_one_passkey_cannot_be_enrolled_by_two_people(devices: Devices):
    service, somchai = devices.world.service, devices.world.ids[SOMCHAI]
    answer = devices.device("shared").create(registration_options(service, somchai, "approval"))
    enrol(service, somchai, devices.world.agreement, SOMCHAI.signer, answer)
    with pytest.raises(ApprovalError, match="used already"):
        enrol(service, devices.world.ids[LIN], devices.world.agreement, LIN.signer, answer)


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(user_verified=False), Behaviour(origin="https://sign.example.net"), Behaviour(relying_party_id="x.net")],
)
def test_a_passkey_made_otherwise_is_not_registered(devices: Devices, behaviour: Behaviour):
    service, lin = devices.world.service, devices.world.ids[LIN]
    options = registration_options(service, lin, "login")
    with pytest.raises(ApprovalError, match="cannot be accepted"):
        register_login(service, lin, Authenticator(PUBLIC_URL, behaviour).create(options))


def test_a_passkey_signs_in_and_steps_up(devices: Devices):
    service, lin = devices.world.service, devices.world.ids[LIN]
    devices.add_login(lin)
    device = devices.device(lin)
    token = sign_in_with_passkey(service, device.get(login_options(service)), **BROWSER)
    found = session_person(service, token)
    assert found is not None
    assert found.person_id == lin
    step_up(service, lin, token, device.get(step_up_options(service, lin)))


def test_a_sign_in_is_good_once(devices: Devices):
    service, lin = devices.world.service, devices.world.ids[LIN]
    devices.add_login(lin)
    answer = devices.device(lin).get(login_options(service))
    sign_in_with_passkey(service, answer, **BROWSER)
    with pytest.raises(ApprovalError, match="used already"):
        sign_in_with_passkey(service, answer, **BROWSER)


def test_an_approval_passkey_does_not_sign_in(devices: Devices):
    devices.enrol(LIN)
    service = devices.world.service
    with pytest.raises(ApprovalError, match="another use"):
        sign_in_with_passkey(service, devices.device(devices.world.ids[LIN]).get(login_options(service)), **BROWSER)


def test_an_unknown_passkey_does_not_sign_in(devices: Devices):
    service = devices.world.service
    stranger = Authenticator(PUBLIC_URL)
    stranger.create(registration_options(service, devices.world.ids[LIN], "login"))
    with pytest.raises(ApprovalError, match="not known"):
        sign_in_with_passkey(service, stranger.get(login_options(service)), **BROWSER)


def test_a_refusal_is_approved_by_passkey_for_its_own_reason(devices: Devices):
    world, lin = devices.world, devices.world.ids[LIN]
    devices.confirm(devices.enrol(LIN))
    begun = begin_refusal(world.service, lin, world.agreement, LIN.signer, "The senate voted no.")
    given = PasskeyAnswer(devices.device(lin).get(begun["passkey"]))
    with pytest.raises(ApprovalError, match="not this refusal"):
        refuse(world.service, lin, world.agreement, LIN.signer, "Another reason.", given)
    refuse(world.service, lin, world.agreement, LIN.signer, "The senate voted no.", given)
    _, bundle = evidence(world.service, world.officer, world.agreement)
    checks = {check.subject: check.verdict for check in verify_evidence(bundle, world).checks}
    assert checks[f"refusal of {LIN.signer}"] is Verdict.PASSED

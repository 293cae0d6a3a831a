"""Coming in, going out, declining, mandates: who is let in as whom, and what an invitation is good for."""

from __future__ import annotations

from typing import TypedDict

import pytest

from signing_service.encoding import parse_canonical_json
from signing_service.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from signing_service.store import openings, outbox
from signing_service.verify.verdict import Verdict
from signing_service.workflow.approvals import Password
from signing_service.workflow.download import evidence
from signing_service.workflow.drafts import replace_source
from signing_service.workflow.enrolment import accept_invitation, invite, open_invitation, sign_in_link
from signing_service.workflow.history import history
from signing_service.workflow.login import session_person, sign_in, sign_out
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.overview import agreement_view
from signing_service.workflow.own_passkeys import own_places
from signing_service.workflow.people import NewPerson, add_person
from signing_service.workflow.refusal import refuse
from signing_service.workflow.withdrawal import withdraw
from tests.cast import ALES, HOA, LIN, NANJING, OFFICER, PASSWORD, SOMCHAI
from tests.workflow.judging import verify_evidence
from tests.workflow.world import Signing, World, source


class Client(TypedDict):
    """What a request tells about its browser."""

    address: str
    agent: str


BROWSER: Client = {"address": "192.0.2.7", "agent": "Firefox"}
NEW_PASSWORD = "a new and long enough password"


def newcomer(world: World) -> str:
    return add_person(world.service, world.officer, NewPerson("Achara Specimen", "achara@mekong.example"))


def token_of(link: str) -> str:
    return link.partition("#")[2]


def test_an_invitation_shows_whom_it_is_for_and_is_used_up_by_accepting(world: World) -> None:
    token = token_of(invite(world.service, world.officer, newcomer(world)))
    assert open_invitation(world.service, token).person_name == "Achara Specimen"
    assert open_invitation(world.service, token).needs_password
    session = accept_invitation(world.service, token, NEW_PASSWORD, **BROWSER)
    person = session_person(world.service, session)
    assert person is not None
    assert person.fresh, "whoever chose the password a moment ago need not type it again"
    with pytest.raises(NotAllowedError, match="used"):
        accept_invitation(world.service, token, NEW_PASSWORD, **BROWSER)


def test_a_link_alone_is_no_fresh_proof(world: World) -> None:
    session = accept_invitation(
        world.service, token_of(invite(world.service, world.officer, world.ids[LIN])), None, **BROWSER
    )
    person = session_person(world.service, session)
    assert person is not None
    assert not person.fresh


def test_consents_in_every_language_are_approved_and_verified(world: World) -> None:
    world.publish()
    for person, language in ((LIN, "zh"), (SOMCHAI, "th"), (ALES, "ru"), (HOA, "en")):
        signing = Signing(world, world.ids[person], person.signer, language=language).begin()
        signing.approve()
        signing.complete()
    world.countersign()
    world.archive()
    report = verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world)
    assert report.verdict is Verdict.PASSED, report.problems
    consents = {item.field: item.consent for item in report.signatures}
    assert consents[ALES.signer].endswith(f"в качестве: «{ALES.role.title()}».")
    assert consents[SOMCHAI.signer].endswith(f"ในฐานะ “{SOMCHAI.role.title()}”")


def test_the_history_names_the_parties_in_the_order_of_the_agreement(world: World) -> None:
    world.publish()
    texts = [line.text for line in history(world.service, world.officer, world.agreement) if line.type == "mandate"]
    assert [text.partition(" may act")[0] for text in texts] == [one.name for one in (LIN, SOMCHAI, ALES, HOA)]


def test_the_token_stands_in_the_fragment_and_nowhere_in_the_database(world: World) -> None:
    link = invite(world.service, world.officer, newcomer(world))
    address, _, token = link.partition("#")
    assert address == f"{world.service.settings.public_url}/invitation"
    with world.service.database.read() as session:
        from signing_service.store.tables import Invitation

        stored = [row.token_sha256 for row in session.query(Invitation)]
    assert token.encode() not in stored


def test_a_newer_invitation_makes_the_older_one_void(world: World) -> None:
    person = newcomer(world)
    older = token_of(invite(world.service, world.officer, person))
    invite(world.service, world.officer, person)
    with pytest.raises(NotAllowedError):
        open_invitation(world.service, older)


def test_an_invitation_expires(world: World) -> None:
    token = token_of(invite(world.service, world.officer, newcomer(world)))
    world.clock.forward(days=15)
    with pytest.raises(NotAllowedError, match="expired"):
        open_invitation(world.service, token)


def test_a_short_password_is_refused_and_the_link_stays_good(world: World) -> None:
    token = token_of(invite(world.service, world.officer, newcomer(world)))
    with pytest.raises(InputError):
        accept_invitation(world.service, token, "short", **BROWSER)
    accept_invitation(world.service, token, NEW_PASSWORD, **BROWSER)


def test_a_sign_in_link_does_not_change_the_password(world: World) -> None:
    token = token_of(sign_in_link(world.service, world.ids[LIN]))
    accept_invitation(world.service, token, NEW_PASSWORD, **BROWSER)
    sign_in(world.service, LIN.email, PASSWORD, **BROWSER)
    with pytest.raises(NotAllowedError):
        sign_in(world.service, LIN.email, NEW_PASSWORD, **BROWSER)


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(world: World) -> None:
    answers = set()
    for address in (LIN.email, "nobody@nowhere.example"):
        with pytest.raises(NotAllowedError) as caught:
            sign_in(world.service, address, "wrong password, whoever", **BROWSER)
        answers.add((caught.value.message, caught.value.hint))
    assert len(answers) == 1


def test_the_address_counts_in_any_case(world: World) -> None:
    assert sign_in(world.service, LIN.email.upper(), PASSWORD, **BROWSER)


def test_a_session_ends_when_signed_out_idle_or_old(world: World) -> None:
    ended = sign_in(world.service, LIN.email, PASSWORD, **BROWSER)
    sign_out(world.service, ended)
    assert session_person(world.service, ended) is None
    idle = sign_in(world.service, LIN.email, PASSWORD, **BROWSER)
    world.clock.forward(minutes=61)
    assert session_person(world.service, idle) is None
    old = sign_in(world.service, LIN.email, PASSWORD, **BROWSER)
    for _ in range(24):
        world.clock.forward(minutes=30)
        living = session_person(world.service, old)
    assert living is None


def test_a_session_in_use_stays(world: World) -> None:
    token = sign_in(world.service, LIN.email, PASSWORD, **BROWSER)
    for _ in range(4):
        world.clock.forward(minutes=45)
        assert session_person(world.service, token) is not None


def test_declining_is_recorded_with_its_reason_and_the_secretariat_is_told(world: World) -> None:
    world.publish()
    refuse(world.service, world.ids[LIN], world.agreement, LIN.signer, "  The senate\n voted no. ", Password(PASSWORD))
    with world.service.database.read() as session:
        event = parse_canonical_json(openings.of_type(session, world.agreement, "refusal")[0].event or b"")
        assert event["reason"] == "The senate voted no."
        kinds = [mail.kind for mail in outbox.of_agreement(session, world.agreement)]
        assert [kind for kind in kinds if kind != "invitation"] == ["refused", "declined"]
        (mail,) = [mail for mail in outbox.of_agreement(session, world.agreement) if mail.kind == "declined"]
        (to_officer,) = [mail for mail in outbox.of_agreement(session, world.agreement) if mail.kind == "refused"]
    assert f"{LIN.name}, who is to sign for {NANJING.name}, declined, for this reason: The senate" in to_officer.text
    assert mail.recipient == LIN.email
    assert f"for {NANJING.name}, for this reason: The senate voted no." in mail.text
    assert "If this was not you" in mail.text
    (line,) = [line for line in history(world.service, world.officer, world.agreement) if line.type == "refusal"]
    assert str(line.text).startswith(f"{LIN.name} declined for {NANJING.name}")
    assert str(line.text).endswith(": The senate voted no.")


def test_declining_needs_ones_own_mandate_and_password(world: World) -> None:
    world.publish()
    with pytest.raises(NotFoundError):
        refuse(world.service, world.ids[LIN], world.agreement, SOMCHAI.signer, "No.", Password(PASSWORD))
    with pytest.raises(NotAllowedError, match="password"):
        refuse(world.service, world.ids[LIN], world.agreement, LIN.signer, "No.", Password("wrong password, whoever"))
    with pytest.raises(InputError):
        refuse(world.service, world.ids[LIN], world.agreement, LIN.signer, " ", Password(PASSWORD))


def test_who_declined_may_still_sign_but_who_signed_cannot_decline(world: World) -> None:
    world.publish()
    refuse(world.service, world.ids[LIN], world.agreement, LIN.signer, "Not yet.", Password(PASSWORD))
    world.sign(LIN)
    with pytest.raises(ConflictError):
        refuse(world.service, world.ids[LIN], world.agreement, LIN.signer, "After all no.", Password(PASSWORD))


def test_a_replaced_representative_can_no_longer_sign(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    authority = Authority("University council", world.clock.now.date())
    successor = newcomer(world)
    place = (world.service, world.officer, world.agreement, SOMCHAI.signer)
    with pytest.raises(InputError, match="reason"):
        give_mandate(*place, successor, authority)
    give_mandate(*place, successor, authority, "The council elected another president.")
    with pytest.raises(NotFoundError):
        signing.approve()
    last = [line for line in history(world.service, world.officer, world.agreement) if line.type == "mandate"][-1]
    assert last.text.endswith(
        f"by University council; recorded by {OFFICER.name}, with this reason for replacing: "
        "The council elected another president."
    )
    view = agreement_view(world.service, successor, world.agreement)
    assert view.my_signers == (SOMCHAI.signer,)


def test_after_the_signature_nobody_is_replaced(world: World) -> None:
    world.publish()
    world.sign(SOMCHAI)
    authority = Authority("University council", world.clock.now.date())
    with pytest.raises(ConflictError):
        give_mandate(world.service, world.officer, world.agreement, SOMCHAI.signer, newcomer(world), authority)


def test_a_mandate_out_of_its_days_signs_nothing(world: World) -> None:
    today = world.clock.now.date()
    authority = Authority("Rector's office", today, today)
    give_mandate(world.service, world.officer, world.agreement, ALES.signer, world.ids[ALES], authority)
    world.publish()
    world.clock.forward(days=1)
    with pytest.raises(NotAllowedError, match="mandate"):
        world.signing(ALES)


def test_one_person_acts_for_two_parties_by_two_mandates(world: World) -> None:
    authority = Authority("Both rectors' offices", world.clock.now.date())
    give_mandate(world.service, world.officer, world.agreement, ALES.signer, world.ids[LIN], authority)
    world.publish()
    world.ids[ALES] = world.ids[LIN]
    world.sign(LIN)
    world.sign(ALES)
    view = agreement_view(world.service, world.ids[LIN], world.agreement)
    assert [signer.id for signer in view.signers if signer.status == "signed"] == [LIN.signer, ALES.signer]


@pytest.mark.parametrize("name", ["Mal\u202egnissem", "Bell\x07", "   "])
def test_a_name_that_could_deceive_is_refused(world: World, name: str) -> None:
    with pytest.raises(InputError):
        add_person(world.service, world.officer, NewPerson(name, "someone@mekong.example"))


@pytest.mark.parametrize("address", ["no address", "a@b@c.example", "x@y\nBcc: z@w.example", "<a@b.example>"])
def test_an_address_that_is_none_is_refused(world: World, address: str) -> None:
    with pytest.raises(InputError):
        add_person(world.service, world.officer, NewPerson("Achara Specimen", address))


def test_one_address_belongs_to_one_person(world: World) -> None:
    newcomer(world)
    with pytest.raises(ConflictError):
        newcomer(world)


def awaited(world: World) -> tuple[list[str], bool, list[str]]:
    """What an invitation of Lin names, whether it says that nothing waits, and for what a passkey is offered."""
    link = invite(world.service, world.officer, world.ids[LIN])
    opened = open_invitation(world.service, link.partition("#")[2])
    offered = own_places(world.service, world.ids[LIN])
    named = [role.title for role in opened.roles if role.agreement == world.agreement]
    return named, opened.nothing_waits, [place.signer for place in offered]


@pytest.mark.parametrize("end", ["signed", "withdrawn", "closed"])
def test_what_can_no_longer_be_signed_is_named_by_no_invitation_and_has_no_passkey_offered(
    world: World, end: str
) -> None:
    rules = 'signatures = { kind = "all" }\ncloses = "2025-05-01T00:00:00Z"\n'
    replace_source(world.service, world.officer, world.agreement, source(rules=rules))
    assert awaited(world) == ([], True, []), "a draft can be signed by nobody yet"
    world.publish()
    assert awaited(world) == (["Test Agreement"], False, [LIN.signer])
    if end == "signed":
        world.sign(LIN)
    elif end == "withdrawn":
        withdraw(world.service, world.officer, world.agreement, "The annex was missing.")
    else:
        world.clock.forward(days=30)
    assert awaited(world) == ([], True, [])

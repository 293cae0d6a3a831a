"""Drafts, publication, corrected versions, withdrawal: what freezes, who is told, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from signing_service.agreement.terms import Terms
from signing_service.commands.status import read_status
from signing_service.encoding import parse_canonical_json
from signing_service.errors import ConflictError, FormatError, NotAllowedError, NotFoundError, TimestampError
from signing_service.store import agreements, openings, outbox, people
from signing_service.store.tables import OutboxMail
from signing_service.verify.verdict import Verdict
from signing_service.workflow.download import evidence, pdf
from signing_service.workflow.draft_checklist import checklist
from signing_service.workflow.drafts import create_correction, create_draft, preview, replace_source
from signing_service.workflow.login import check_password
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.overview import agreement_view, agreements_for
from signing_service.workflow.people import NewPerson, add_person
from signing_service.workflow.withdrawal import withdraw
from tests.cast import ANDAMAN, LIN, NANJING, NOON, PASSWORD, SOMCHAI
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World, corrected, source


class SilentAuthority:
    """A timestamp authority that never answers."""

    name = "https://tsa.example"

    def timestamp(self, digest: bytes, now: Any) -> Any:
        raise TimestampError("does not answer")


class Meanwhile:
    """The timestamp authority that there was, while whose first answer comes something else is done."""

    def __init__(self, world: World, act: Callable[[], object]) -> None:
        self.authority = world.service.authorities[0]
        self.name = self.authority.name
        self.acts = [act]

    def timestamp(self, digest: bytes, now: Any) -> Any:
        while self.acts:
            self.acts.pop()()
        return self.authority.timestamp(digest, now)


def test_publishing_seals_the_very_preview(world: World) -> None:
    shown = preview(world.service, world.agreement)
    world.publish()
    assert pdf(world.service, world.officer, world.agreement, 0).startswith(shown)


def test_what_is_changed_while_it_is_sealed_is_not_published(world: World) -> None:
    authority = Authority("Council", NOON.date())
    give = (world.service, world.officer, world.agreement, LIN.signer, world.ids[SOMCHAI], authority)
    object.__setattr__(world.service, "authorities", (Meanwhile(world, lambda: give_mandate(*give)),))
    with pytest.raises(ConflictError, match="changed since you looked at it"):
        world.publish()
    with world.service.database.read() as session:
        assert agreements.get(session, world.agreement).state == "draft"
        assert not openings.of_scope(session, world.agreement)
        assert not outbox.of_agreement(session, world.agreement)
    world.publish()


def test_publishing_twice_is_refused_and_changes_nothing(world: World) -> None:
    world.publish()
    before = pdf(world.service, world.officer, world.agreement)
    with pytest.raises(ConflictError):
        world.publish()
    assert pdf(world.service, world.officer, world.agreement) == before


def test_only_officers_publish(world: World) -> None:
    world.officer = world.ids[LIN]
    with pytest.raises(NotAllowedError):
        world.publish()


def test_without_a_representative_for_each_signer_nothing_is_published(world: World) -> None:
    draft = create_draft(world.service, world.officer, source((NANJING, ANDAMAN)))
    assert "the text is complete in English" in [item.text for item in checklist(world.service, draft)]
    assert [item.text for item in checklist(world.service, draft) if not item.ok] == [
        f"no representative yet: {NANJING.name}, {ANDAMAN.name}"
    ]
    world.agreement = draft
    with pytest.raises(NotAllowedError, match="no representative yet"):
        world.publish()


def test_what_could_be_signed_by_nobody_is_not_published(world: World) -> None:
    rules = 'signatures = { kind = "all" }\ncloses = "2024-01-01T00:00:00Z"\n'
    replace_source(world.service, world.officer, world.agreement, source(rules=rules))
    with pytest.raises(NotAllowedError, match="nobody could sign: signing closes at 2024-01-01T00:00:00Z"):
        world.publish()


def test_a_mandate_that_ends_before_signing_does_is_pointed_out(world: World) -> None:
    rules = 'signatures = { kind = "all" }\ncloses = "2999-01-01T00:00:00Z"\n'
    replace_source(world.service, world.officer, world.agreement, source(rules=rules))
    authority = Authority("Council", NOON.date(), NOON.date())
    give_mandate(world.service, world.officer, world.agreement, LIN.signer, world.ids[LIN], authority)
    assert f"mandates end before signing does: {LIN.name}" in cautions_of(world, world.agreement)
    world.publish()


def test_an_agreement_that_is_called_like_another_says_so_before_it_is_published(world: World) -> None:
    world.publish()
    second = create_draft(world.service, world.officer, source())
    third = create_correction(world.service, world.officer, world.agreement, source())
    assert "another agreement is TEST/1, version 1.0, too" in cautions_of(world, second)
    same = "the agreement that it replaces is TEST/1, version 1.0, too: give it another version"
    assert same in [item.text for item in checklist(world.service, third) if not item.ok], "it cannot be published so"
    replace_source(world.service, world.officer, third, corrected())
    assert not [item.text for item in checklist(world.service, third) if "TEST/1" in item.text]


def cautions_of(world: World, draft: str) -> list[str]:
    return [item.text for item in checklist(world.service, draft) if item.caution]


def test_everybody_is_invited_in_the_same_transaction(world: World) -> None:
    world.publish()
    with world.service.database.read() as session:
        mails = session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()
        assert [mail.state for mail in mails] == ["waiting"] * 4


def test_status_counts_mails_that_wait_or_were_refused_and_none_that_were_sent(world: World) -> None:
    world.publish()
    with world.service.database.begin() as session:
        session.execute(update(OutboxMail).values(state="sent"))
        refused = session.scalars(select(OutboxMail).limit(1)).one()
        outbox.mark_failed(session, refused.id, "550 no such user", now=world.clock.now, permanent=True)
    assert read_status(world.service).mails == {"waiting": 0, "failed": 1}


def test_when_no_authority_answers_nothing_is_published(world: World) -> None:
    object.__setattr__(world.service, "authorities", (SilentAuthority(),))
    with pytest.raises(TimestampError):
        world.publish()
    with world.service.database.read() as session:
        assert agreements.get(session, world.agreement).state == "draft"
        assert not openings.of_scope(session, world.agreement)


def test_when_no_authority_answers_nothing_is_signed_and_the_same_attempt_goes_on_later(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    signing.approve()
    authorities = world.service.authorities
    object.__setattr__(world.service, "authorities", (SilentAuthority(),))
    with pytest.raises(TimestampError, match="does not answer"):
        signing.complete()
    with world.service.database.read() as session:
        assert agreements.newest_end(session, world.agreement).number == 0
    object.__setattr__(world.service, "authorities", authorities)
    signing.complete()


def test_a_bad_source_is_refused_with_file_and_line(world: World) -> None:
    files = source()
    files["en.md"] = files["en.md"].replace(b"The Parties establish an alliance.", b"<script>alert(1)</script>")
    with pytest.raises(FormatError, match=r"en\.md:5"):
        create_draft(world.service, world.officer, files)


def test_a_published_source_cannot_be_replaced(world: World) -> None:
    replace_source(world.service, world.officer, world.agreement, source())
    world.publish()
    with pytest.raises(ConflictError):
        replace_source(world.service, world.officer, world.agreement, source())


def test_a_draft_is_nobody_elses_business(world: World) -> None:
    stranger = add_person(world.service, world.officer, NewPerson("Nobody Specimen", "nobody@nowhere.example"))
    with pytest.raises(NotFoundError):
        agreement_view(world.service, stranger, world.agreement)
    assert agreements_for(world.service, world.ids[LIN]).agreements == ()


def test_a_withdrawn_agreement_is_signed_by_nobody_and_everybody_is_told(world: World) -> None:
    world.publish()
    world.sign(LIN)
    withdraw(world.service, world.officer, world.agreement, "The annex was missing.")
    with pytest.raises(NotAllowedError, match="withdrawn"):
        world.signing(SOMCHAI)
    with world.service.database.read() as session:
        kinds = [mail.kind for mail in outbox.of_agreement(session, world.agreement)]
    assert kinds.count("withdrawn") == 4


def test_a_signature_in_flight_when_the_agreement_is_withdrawn_does_not_land(world: World) -> None:
    world.publish()
    signing = world.signing(SOMCHAI)
    signing.approve()
    withdraw(world.service, world.officer, world.agreement, "The annex was missing.")
    with pytest.raises(NotAllowedError, match="withdrawn"):
        signing.complete()


def test_a_corrected_version_names_the_old_one_and_takes_people_but_no_signatures_over(world: World) -> None:
    world.publish()
    world.sign(LIN)
    old = world.agreement
    world.agreement = create_correction(world.service, world.officer, old, corrected())
    world.publish()
    with world.service.database.read() as session:
        terms = Terms.from_json(agreements.get(session, world.agreement).terms)
        assert terms.supersedes == agreements.ends(session, old)[0].sha256
        event = parse_canonical_json(openings.of_type(session, old, "withdrawal")[0].event or b"")
        assert event["superseded_by"] == agreements.ends(session, world.agreement)[0].sha256
    view = agreement_view(world.service, world.officer, world.agreement)
    assert (view.state, view.signed_count) == ("open", 0)
    assert agreement_view(world.service, world.officer, old).state == "superseded"
    world.sign(LIN)


def test_evidence_in_the_middle_is_not_failed_but_incomplete(world: World) -> None:
    world.publish()
    world.sign(SOMCHAI)
    _, bundle = evidence(world.service, world.officer, world.agreement)
    assert verify_evidence(bundle, world).verdict is Verdict.INDETERMINATE


def test_a_person_who_left_can_do_nothing_any_more(world: World) -> None:
    world.publish()
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).ended = world.clock.now
    with pytest.raises(NotAllowedError):
        check_password(world.service, world.ids[LIN], PASSWORD)

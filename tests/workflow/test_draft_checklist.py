"""A draft's checklist: what stands in the way of publishing, and what an officer should look at once more."""

from __future__ import annotations

import pytest

from signing_service.errors import FormatError, NotAllowedError
from signing_service.store import agreements
from signing_service.workflow.draft_checklist import checklist
from signing_service.workflow.drafts import create_draft, replace_source
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.people import NewPerson, add_person, namesakes
from tests.cast import ANDAMAN, LIN, NANJING, NOON, SOMCHAI
from tests.workflow.devices import Devices
from tests.workflow.world import World, source

AUTHORITY = Authority("Council", NOON.date())
ALL = 'signatures = { kind = "all" }\n'


def lines(world: World, *, ok: bool = True, caution: bool = True, officer: str = "") -> list[str]:
    """What the checklist says so: obstacles, or cautions."""
    items = checklist(world.service, world.agreement, officer)
    return [item.text for item in items if item.ok is ok and item.caution is caution]


def obstacles(world: World) -> list[str]:
    return lines(world, ok=False, caution=False)


def with_rules(world: World, rules: str) -> None:
    replace_source(world.service, world.officer, world.agreement, source(rules=ALL + rules))


def unfinished() -> dict[str, bytes]:
    files = source()
    return {**files, "en.md": files["en.md"].replace(b"establish", b"**establish")}


def test_a_text_with_a_mark_left_open_becomes_no_draft(world: World) -> None:
    with pytest.raises(FormatError, match=r"en.md:5: .* the mark \*\* would be printed as it stands"):
        create_draft(world.service, world.officer, unfinished())
    with pytest.raises(FormatError, match="would be printed as it stands"):
        replace_source(world.service, world.officer, world.agreement, unfinished())


def test_a_draft_of_an_older_release_with_such_a_mark_is_not_published(world: World) -> None:
    with world.service.database.begin() as session:
        row = agreements.get(session, world.agreement)
        agreements.replace_draft(
            session, world.agreement, reference=row.reference, terms=row.terms, files=unfinished()
        )
    assert obstacles(world) == [
        "en.md:5: in “The Parties **establish an alliance.” the mark ** would be printed as it stands"
    ]
    with pytest.raises(NotAllowedError, match="would be printed as it stands"):
        world.publish()


def test_turns_that_paper_would_stop_are_not_published(world: World) -> None:
    with_rules(world, 'order = "in-turns"\nminimum_assurance = "service"\npaper = "shown"\n')
    assert [text.partition(":")[0] for text in obstacles(world)] == [
        "in turns, who signs on paper that counts for nothing keeps all behind from signing"
    ]
    with pytest.raises(NotAllowedError, match="let paper count or refuse it, or let all sign in any order"):
        world.publish()


@pytest.mark.parametrize(("order", "paper"), [("in-turns", "counts"), ("free", "shown")])
def test_paper_that_passes_the_turn_on_or_meets_none_is_no_obstacle(world: World, order: str, paper: str) -> None:
    with_rules(world, f'order = "{order}"\nminimum_assurance = "service"\npaper = "{paper}"\n')
    assert obstacles(world) == []


def test_one_person_for_two_parties_is_told_and_may_be(world: World) -> None:
    give_mandate(world.service, world.officer, world.agreement, SOMCHAI.signer, world.ids[LIN], AUTHORITY)
    told = f"{LIN.name} ({LIN.email}) signs for several parties: {NANJING.name}, {ANDAMAN.name}"
    assert told in lines(world)
    world.publish()


def test_two_people_of_one_name_are_told_with_their_addresses(world: World) -> None:
    other = add_person(world.service, world.officer, NewPerson(LIN.name.upper(), "other@andaman.example"))
    give_mandate(world.service, world.officer, world.agreement, SOMCHAI.signer, other, AUTHORITY)
    assert f"several people are called {LIN.name}: {LIN.email}, other@andaman.example" in lines(world)


def test_somebody_who_is_added_twice_is_found_by_the_name(world: World) -> None:
    other = add_person(world.service, world.officer, NewPerson(LIN.name, "other@andaman.example"))
    assert namesakes(world.service, world.officer, other) == [LIN.email]
    assert namesakes(world.service, world.officer, world.ids[SOMCHAI]) == []


@pytest.mark.parametrize(
    ("rules", "acts"),
    [
        ('minimum_assurance = "passkey"\n', "confirm the representatives' passkeys and countersign the agreement"),
        ('minimum_assurance = "service"\npaper = "counts"\n', "attest signatures on paper"),
        (
            'minimum_assurance = "service"\ncloses = "2999-01-01T00:00:00Z"\nextension = "allowed"\n',
            "extend the time for signing",
        ),
    ],
)
def test_officers_without_a_passkey_are_told_what_the_rules_need_it_for(world: World, rules: str, acts: str) -> None:
    with_rules(world, f'order = "free"\n{rules}')
    nobody = f"officers have to make a passkey: without one in the trust file nobody can {acts}"
    assert nobody in lines(world, officer=world.officer)
    Devices.in_(world)
    assert not [text for text in lines(world, officer=world.officer) if "one in the trust file" in text]
    other = f"make your passkey: without one in the trust file you cannot {acts}"
    assert other in lines(world, officer=world.ids[LIN])


def test_where_no_rule_needs_an_officer_s_passkey_nothing_is_said_of_it(world: World) -> None:
    assert not [text for text in lines(world, officer=world.officer) if "passkey" in text]

"""Parties and people from a spreadsheet: looked at, then taken over whole or not at all; tables that run nothing."""

from __future__ import annotations

import csv
import io

import pytest

from signing_service.agreement.mandates import Mandate
from signing_service.errors import ConflictError, InputError
from signing_service.store import mandates, people
from signing_service.workflow.drafts import load_source, replace_source
from signing_service.workflow.overview import agreement_view
from signing_service.workflow.people import NewPerson, add_person, offered
from signing_service.workflow.roster import import_roster, plan_roster
from signing_service.workflow.spreadsheets import harmless, history_table, people_table, roster_table, to_csv
from tests.cast import ALES, ANDAMAN, HOA, LIN, NANJING, SOMCHAI, SOPHEA, TONLE, Person
from tests.workflow.world import World, source

HEADING = [
    "party", "name", "native_name", "native_language", "country", "time_zone", "guest", "role", "title.en",
    "representative", "representative_native", "email",
]  # fmt: skip


def row(person: Person, **cells: str) -> list[str]:
    place = person.university
    assert place is not None
    values = [
        place.id, place.name, place.native_name, place.native_language, place.country, place.time_zone,
        "yes" if place.guest else "", person.role, person.role.title(), person.name, person.native_name or "",
        person.email,
    ]  # fmt: skip
    return [cells.get(column.replace(".", "_"), value) for column, value in zip(HEADING, values, strict=True)]


def table(*rows: list[str]) -> bytes:
    return to_csv(HEADING, rows)


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def bring_in(world: World, data: bytes) -> None:
    import_roster(world.service, world.officer, world.agreement, data, organ="Rectors' conference", last_day=None)


@pytest.mark.parametrize(
    ("cells", "changed"),
    [({}, False), ({"time_zone": "Asia/Urumqi"}, True), ({"representative": "An Other", "email": "o@a.example"}, True)],
)
def test_a_look_tells_a_party_that_changes_from_one_that_stays(world: World, cells: dict[str, str], changed: bool):
    saved = roster_table(world.service, world.officer, world.agreement)
    present = plan_roster(world.service, world.officer, world.agreement, saved)
    assert (present.added, present.changed, present.removed) == ((), (), ()), "what was saved changes nothing"
    plan = plan_roster(world.service, world.officer, world.agreement, table(row(LIN, title_en="President", **cells)))
    assert [party.id for party in plan.changed] == ([LIN.university.id] if changed else [])


def test_a_look_says_what_would_happen_and_does_nothing(world: World):
    before = roster_table(world.service, world.officer, world.agreement)
    plan = plan_roster(world.service, world.officer, world.agreement, table(row(LIN), row(SOPHEA)))
    assert plan.errors == ()
    assert [(one.entry.name, one.known) for one in plan.people] == [(LIN.name, True), (SOPHEA.name, False)]
    assert set(plan.leaving) == {SOMCHAI.name, ALES.name, HOA.name}
    assert [party.id for party in plan.added] == [SOPHEA.university.id]
    assert {party.id for party in plan.removed} == {one.university.id for one in (SOMCHAI, ALES, HOA)}
    assert roster_table(world.service, world.officer, world.agreement) == before


def test_parties_people_and_mandates_are_taken_over_together(world: World):
    bring_in(world, table(row(LIN), row(SOPHEA)))
    view = agreement_view(world.service, world.officer, world.agreement)
    assert [(signer.party.native_name, signer.representative) for signer in view.signers] == [
        (NANJING.native_name, LIN.name),
        (TONLE.native_name, SOPHEA.name),
    ]
    with world.service.database.read() as session:
        given = mandates.of_agreement(session, world.agreement)
        newcomer = people.by_email(session, SOPHEA.email)
    assert [row.signer for row, _ in given] == [LIN.signer, SOPHEA.signer], "mandates of places that are gone ended"
    assert newcomer is not None
    assert (newcomer.native_name, newcomer.time_zone) == (SOPHEA.native_name, TONLE.time_zone)


def test_what_was_brought_in_can_be_published_and_signed(world: World):
    bring_in(world, table(row(LIN), row(SOMCHAI)))
    world.publish().sign(LIN)
    world.sign(SOMCHAI)
    assert agreement_view(world.service, world.officer, world.agreement).complete


def test_who_authorised_is_said_by_the_row_or_for_all_others(world: World):
    data = to_csv([*HEADING, "authorised_by"], [[*row(LIN), "Council of the University"], [*row(SOPHEA), ""]])
    bring_in(world, data)
    with world.service.database.read() as session:
        given = mandates.of_agreement(session, world.agreement)
    organs = [Mandate.from_json(one.json).organ for one, _ in given]
    assert organs == ["Council of the University", "Rectors' conference"]
    saved = read(roster_table(world.service, world.officer, world.agreement))
    assert [line[-1] for line in saved] == ["authorised_by", *organs], "what is saved says it again"


def test_a_row_may_say_the_language_of_its_person(world: World):
    heading = [*HEADING, "language"]
    bring_in(world, to_csv(heading, [[*row(LIN), ""], [*row(SOPHEA), "ru"]]))
    with world.service.database.read() as session:
        person = people.by_email(session, SOPHEA.email)
    assert person is not None
    assert person.locale == "ru"
    wrong = to_csv(heading, [[*row(LIN), ""], [*row(SOPHEA), "km"]])
    (error,) = plan_roster(world.service, world.officer, world.agreement, wrong).errors
    assert (error.row, error.column) == (3, "language")
    assert str(error.message) == "'km' is none of en, zh, ru, th"


def test_a_language_that_is_only_a_draft_is_nobody_s_unasked(world: World):
    bring_in(world, table(row(SOPHEA)))
    with world.service.database.read() as session:
        person = people.by_email(session, SOPHEA.email)
    assert person is not None
    assert person.locale == "en", "Khmer pages are a draft"


@pytest.mark.parametrize(
    ("cells", "column", "message"),
    [
        ({"time_zone": "Atlantis"}, "time_zone", "not a time zone"),
        ({"email": "sophéa@tonle.example"}, "email", "letters before the @"),
        ({"email": LIN.email}, "email", f"the address of {LIN.name} already"),
    ],
)
def test_with_one_bad_cell_nothing_at_all_is_taken_over(world: World, cells: dict[str, str], column: str, message: str):
    before = people_table(world.service, world.officer), roster_table(world.service, world.officer, world.agreement)
    data = table(row(SOMCHAI), row(SOPHEA, **cells))
    plan = plan_roster(world.service, world.officer, world.agreement, data)
    assert [(error.row, error.column) for error in plan.errors] == [(3, column)]
    assert message in plan.errors[0].message
    with pytest.raises(InputError, match="row 3"):
        bring_in(world, data)
    after = people_table(world.service, world.officer), roster_table(world.service, world.officer, world.agreement)
    assert after == before


def test_two_new_people_with_one_address_are_refused(world: World):
    data = table(row(SOPHEA), row(SOMCHAI, email=SOPHEA.email, representative="Another Name"))
    plan = plan_roster(world.service, world.officer, world.agreement, data)
    assert f"the address of {SOPHEA.name} already" in plan.errors[0].message


def test_one_person_may_sign_in_two_roles(world: World):
    bring_in(world, table(row(SOPHEA), row(SOPHEA, role="rector", title_en="Rector")))
    found = [person for person in offered(world.service, world.officer) if person.email == SOPHEA.email]
    assert len(found) == 1


def test_parties_that_do_not_fit_the_rules_are_refused(world: World):
    rules = 'signatures = { kind = "at-least", count = 2 }\norder = "free"\nminimum_assurance = "service"\n'
    replace_source(world.service, world.officer, world.agreement, source(rules=rules))
    told = "at least 2 parties must sign, but only 1 would be left that count"
    with pytest.raises(InputError, match=told) as refused:
        plan_roster(world.service, world.officer, world.agreement, table(row(LIN)))
    assert "change the rule “Who must sign”" in refused.value.hint


def test_one_person_for_two_parties_is_told_before_the_file_is_taken_over(world: World):
    andaman = row(SOMCHAI, representative=LIN.name, representative_native=LIN.native_name or "", email=LIN.email)
    plan = plan_roster(world.service, world.officer, world.agreement, table(row(LIN), andaman))
    assert plan.errors == ()
    assert plan.cautions == (f"{LIN.name} ({LIN.email}) signs for several parties: {NANJING.name}, {ANDAMAN.name}",)


def test_a_published_agreement_takes_no_parties(world: World):
    world.publish()
    with pytest.raises(ConflictError):
        plan_roster(world.service, world.officer, world.agreement, table(row(LIN)))
    with pytest.raises(ConflictError):
        bring_in(world, table(row(LIN)))


def test_the_present_parties_go_out_and_come_in_again_unchanged(world: World):
    data = roster_table(world.service, world.officer, world.agreement)
    with world.service.database.read() as session:
        before = load_source(session, world.agreement)
    bring_in(world, data)
    with world.service.database.read() as session:
        after = load_source(session, world.agreement)
    assert after[1] == before[1]
    assert after[0].countries == before[0].countries
    assert roster_table(world.service, world.officer, world.agreement) == data


def test_mandates_of_signers_that_new_files_leave_out_end(world: World):
    replace_source(world.service, world.officer, world.agreement, source((NANJING, ANDAMAN)))
    with world.service.database.read() as session:
        given = mandates.of_agreement(session, world.agreement)
    assert {row.signer for row, _ in given} == {LIN.signer, SOMCHAI.signer}


def test_people_and_history_go_out_as_tables(world: World):
    world.publish().sign(SOMCHAI)
    rows = read(people_table(world.service, world.officer))
    assert [LIN.name, LIN.native_name, LIN.email] in [one[:3] for one in rows]
    lines = read(history_table(world.service, world.officer, world.agreement))
    assert lines[0] == ["entry", "time", "type", "what_happened"]
    assert "signature" in [line[2] for line in lines]


@pytest.mark.parametrize("cell", ["=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_run_goes_out_as_text(cell: str):
    assert harmless(cell) == f"'{cell}"
    assert read(to_csv(["a"], [[cell]]))[1] == [f"'{cell}"]


@pytest.mark.parametrize("end", [";", "; ", "\n", "\r\n", "\t"])
def test_what_another_program_takes_for_the_end_of_a_cell_hides_no_formula(end: str):
    assert harmless(f"May we{end}=1+1{end}sign; or not?") == f"May we{end}'=1+1{end}sign; or not?"
    assert harmless(f"=1{end}=2") == f"'=1{end}'=2"


def test_a_question_of_thousands_of_empty_lines_keeps_no_officer_waiting():
    lines = "\n" * 400_000  # took hours: each line looked through all that follow

    assert harmless(f"Sign?{lines}now") == f"Sign?{lines}now"
    assert harmless(f"Sign?{lines}=1+1") == f"Sign?{lines}'=1+1"


@pytest.mark.parametrize("cell", ["", "Lin Shuyi", "2025-04-11", "a=b", "Ngũ – Hổ"])
def test_other_cells_stay_as_they_are(cell: str):
    assert harmless(cell) == cell


def test_a_person_named_like_a_formula_does_no_harm(world: World):
    add_person(world.service, world.officer, NewPerson("=HYPERLINK(evil)", "evil@andaman.example"))
    assert b"'=HYPERLINK(evil)" in people_table(world.service, world.officer)

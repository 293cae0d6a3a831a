"""The secretariat's pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest

from signing_service.store import agreements, outbox, people
from signing_service.store.identifiers import new_id
from signing_service.workflow.overview import PAGE
from signing_service.workflow.people import MOST_OFFERED, NewPerson, add_person
from signing_service.workflow.people import PAGE as PEOPLE_PAGE
from tests.cast import ALES, LIN, NOON, OFFICER, SAULE, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.devices import Devices
from tests.workflow.world import World, corrected, source

Visit = Callable[..., Visitor]

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def officer(visit: Visit, draft: World) -> Visitor:
    return visit(OFFICER)


def url(world: World, rest: str = "") -> str:
    return f"/secretariat/agreements/{world.agreement}/{rest}"


def files(**changes: bytes) -> list[tuple[BytesIO, str]]:
    named = source() | {name.replace("_", "."): content for name, content in changes.items()}
    return [(BytesIO(content), name) for name, content in named.items()]


def test_representatives_have_no_business_here(visit: Visit, world: World):
    lin = visit(LIN)
    for path in ("/secretariat/", "/secretariat/people", url(world), url(world, "history"), url(world, "preview.pdf")):
        assert lin.get(path).status_code == 404
    assert lin.submit(url(world, "withdraw"), reason="x").status_code == 404


def test_a_search_of_any_length_finds_what_is_there_and_nothing_else(officer: Visitor):
    """SQLite took a pattern that is too long for a database that does not answer."""
    assert LIN.email in officer.get("/secretariat/people?search=lin").text
    nothing = officer.get(f"/secretariat/people?search={'x' * 60_000}")
    assert (nothing.status_code, LIN.email in nothing.text) == (200, False)


def test_the_dashboard_finds_an_agreement_by_party(officer: Visitor, draft: World):
    for words, found in ((LIN.university.native_name, True), ("test agr", True), ("Atlantis", False)):
        answer = officer.get("/secretariat/", query_string={"search": words})
        assert (url(draft) in answer.text) is found, words


def test_a_draft_shows_its_checklist_and_its_pages_and_is_published(officer: Visitor, draft: World):
    page = officer.get(url(draft)).text
    assert "Everybody is named." in page
    picture = re.search(r'src="([^"]+/1\.png)"', page)
    assert picture
    assert officer.get(url(draft, "preview.pdf")).data.startswith(b"%PDF-")
    assert officer.get(picture[1]).data.startswith(b"\x89PNG")
    assert officer.get(url(draft, "preview/forgotten/1.png")).data.startswith(b"\x89PNG")
    assert officer.look_and_publish(draft.agreement, sure="y").status_code == 303
    assert "Open for signature" in officer.get(url(draft)).text


def test_a_mail_that_came_back_is_shown_beside_the_person_and_on_the_dashboard(officer: Visitor, draft: World):
    officer.look_and_publish(draft.agreement, sure="y")
    with draft.service.database.begin() as session:
        for mail in outbox.claim(session, now=draft.clock(), lease=timedelta(minutes=5)):
            outbox.mark_sent(session, mail, text=mail.text, html=mail.html, now=NOON)
        to_lin, to_somchai = (
            next(mail for mail in outbox.of_agreement(session, draft.agreement) if mail.recipient == person.email)
            for person in (LIN, SOMCHAI)
        )
        outbox.mark_returned(session, to_lin, "550 5.1.1 User unknown", for_good=True)
        outbox.mark_returned(session, to_somchai, "421 4.4.1 timed out", for_good=False)
    page = officer.get(url(draft)).text
    assert page.count("550 5.1.1 User unknown") == 2  # beside the person, and in the list of mails
    assert "The last mail came back" in page
    assert "The last mail is delayed" in page
    assert "1 mail could not be delivered" in officer.get("/secretariat/").text


def test_officers_see_whose_passkey_waits_for_them(officer: Visitor, draft: World):
    world = draft.publish()
    page = f"/secretariat/agreements/{world.agreement}/"
    assert "wait for your confirmation" not in officer.get("/secretariat/").text
    devices = Devices.in_(world)
    enrolled = devices.enrol(LIN)
    assert "1 passkey waits for your confirmation." in officer.get("/secretariat/").text
    assert "passkey: waiting for confirmation" in officer.get(page).text
    devices.confirm(enrolled)
    assert "waits for your confirmation" not in officer.get("/secretariat/").text
    assert "passkey: confirmed" in officer.get(page).text


def test_publishing_twice_is_told_and_does_nothing(officer: Visitor, draft: World):
    officer.look_and_publish(draft.agreement, sure="y")
    answer = officer.submit(url(draft, "publish"), sure="y")
    assert answer.status_code == 303
    assert "published already" in officer.get(url(draft)).text


def test_new_files_make_a_draft(officer: Visitor):
    officer.get("/secretariat/agreements/new/files")
    answer = officer.submit("/secretariat/agreements/new/files", files=files())
    assert answer.status_code == 302
    page = officer.get(answer.headers["Location"]).text
    assert "No representative yet" in page
    assert "disabled" in page


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"en_md": b"<script>alert(1)</script>"}, "en.md"),
        ({"agreement_toml": b"reference ="}, "agreement.toml"),
    ],
)
def test_files_that_are_no_agreement_are_refused_with_file_and_place(
    officer: Visitor, changes: dict[str, bytes], complaint: str
):
    officer.get("/secretariat/agreements/new/files")
    answer = officer.submit("/secretariat/agreements/new/files", files=files(**changes))
    assert answer.status_code == 400
    assert complaint in answer.text
    assert "alert(1)</script>" not in answer.text


def test_no_file_chosen_is_told(officer: Visitor):
    officer.get("/secretariat/agreements/new/files")
    assert "No file was chosen." in officer.submit("/secretariat/agreements/new/files").text


def test_a_person_is_added_given_a_mandate_and_invited(officer: Visitor, draft: World):
    officer.get("/secretariat/people")
    added = officer.submit(
        "/secretariat/people", name=SAULE.name, native_name=SAULE.native_name, email=SAULE.email, locale="en"
    )
    assert added.status_code == 302
    people = officer.get("/secretariat/people").text
    assert str(SAULE.native_name) in people
    assert "is added" in people
    assert f'<option value="{SAULE.name} · {SAULE.email}">' in officer.get(url(draft)).text
    path = url(draft, f"mandates/{ALES.signer}")
    for words in (f"{SAULE.name} · {SAULE.email}", SAULE.email.upper(), SAULE.name, SAULE.native_name):
        given = officer.submit(path, person=words, organ="Council", last_day="")
        assert given.status_code == 302, words
    assert f'value="{SAULE.name} · {SAULE.email}"' in officer.get(url(draft)).text
    for words in ("Saul", "nobody@uni.example", ""):
        assert officer.submit(path, person=words, organ="Council", last_day="").status_code == 400, words
    person = re.search(r"/people/([a-z2-7]+)/access/\">" + SAULE.name, people)
    assert person
    invited = officer.submit(f"/secretariat/people/{person[1]}/invite", next="/secretariat/people")
    assert invited.headers["Location"] == "/secretariat/people"


@pytest.mark.parametrize("fields", [{"name": "", "email": "a@b.example"}, {"name": "A\u202eB", "email": "a@b.example"}])
def test_a_person_without_a_proper_name_is_refused(officer: Visitor, fields: dict[str, str]):
    officer.get("/secretariat/people")
    answer = officer.submit("/secretariat/people", locale="en", native_name="", **fields)
    assert answer.status_code in (200, 400)
    assert "a@b.example</td>" not in officer.get("/secretariat/people").text


def test_an_address_that_is_taken_is_refused(officer: Visitor):
    officer.get("/secretariat/people")
    answer = officer.submit("/secretariat/people", name="Other", email=LIN.email, locale="en", native_name="")
    assert answer.status_code == 409


def test_the_officer_follows_who_has_signed_and_sees_the_history(officer: Visitor, draft: World):
    draft.publish().sign(SOMCHAI)
    page = officer.get(url(draft)).text
    assert "1 of 4 have signed" in page
    assert "Remind with a new link" in page
    assert "Countersign for the secretariat" not in page
    lines = officer.get(url(draft, "history")).text
    assert f"{OFFICER.name} sealed and published it" in lines
    assert f"{SOMCHAI.name} signed for {SOMCHAI.university.name}" in lines


def test_countersigning_is_offered_once_all_have_signed(officer: Visitor, draft: World):
    draft.publish()
    for person in draft.ids:
        draft.sign(person)
    assert "Countersign for the secretariat" in officer.get(url(draft)).text
    draft.countersign()
    page = officer.get(url(draft)).text
    assert "The archive timestamp is being added." in page
    assert "Withdraw or correct" not in page
    draft.archive()
    assert "Signed, countersigned and archived." in officer.get(url(draft)).text


def test_a_corrected_version_becomes_a_draft_that_replaces_the_old_one(officer: Visitor, draft: World):
    draft.publish()
    officer.get(url(draft, "correction"))
    answer = officer.submit(url(draft, "correction"), files=files(agreement_toml=corrected()["agreement.toml"]))
    new = answer.headers["Location"]
    assert "A corrected version" in officer.get(new).text
    page = officer.get(new).text
    assert "version 1.0, is withdrawn by it" in page
    assert "4 people get an e-mail at once" in page
    officer.look_and_publish(new.rstrip("/").rpartition("/")[2], sure="y")
    old = officer.get(url(draft)).text
    assert "Replaced by a corrected version" in old
    assert f'href="{new}"' in old
    assert f'href="{url(draft)}"' in officer.get(new).text


def test_a_drafts_files_can_be_replaced(officer: Visitor, draft: World):
    toml = source()["agreement.toml"].replace(b"TEST/1", b"TEST/2")
    officer.get(url(draft, "files"))
    assert officer.submit(url(draft, "files"), files=files(agreement_toml=toml)).status_code == 302
    assert "TEST/2" in officer.get(url(draft)).text


def test_withdrawing_needs_a_reason_and_a_word_that_it_is_meant(officer: Visitor, draft: World):
    draft.publish().sign(SOMCHAI)
    assert url(draft, "withdraw") in officer.get(url(draft)).text
    assert "1 signature was given" in officer.get(url(draft, "withdraw")).text
    for fields in ({"reason": " ", "sure": "y"}, {"reason": "a mistake"}):
        answer = officer.submit(url(draft, "withdraw"), **fields)
        assert (answer.status_code, 'aria-invalid="true"' in answer.text) == (400, True)
    assert "a mistake</textarea>" in answer.text, "what was typed is still there"
    assert "Open for signature" in officer.get(url(draft)).text


def test_a_withdrawn_agreement_says_why_and_waits_for_nobody(officer: Visitor, draft: World):
    draft.publish().sign(SOMCHAI)
    officer.get(url(draft))
    assert officer.submit(url(draft, "withdraw"), reason="a mistake", sure="y").status_code == 302
    page = officer.get(url(draft)).text
    assert "Withdrawn on" in page
    assert "Reason: a mistake" in page
    assert page.count("Did not sign") == 3
    gone = ("Not yet", "Change who signs", "Remind by itself", "Remind all", "Withdraw or correct")
    assert not any(words in page for words in gone)
    assert "cannot be withdrawn" in officer.get(url(draft, "withdraw")).text


def test_of_two_people_of_one_name_the_address_says_who_is_meant(officer: Visitor, draft: World):
    for address in ("saule@a.example", "saule@b.example"):
        add_person(draft.service, draft.officer, NewPerson(SAULE.name, address))
    path = url(draft, f"mandates/{ALES.signer}")
    officer.get(url(draft))
    refused = officer.submit(path, person=SAULE.name, organ="Council", last_day="")
    assert "Several people are called" in refused.text
    assert officer.submit(path, person="saule@b.example", organ="Council", last_day="").status_code == 302


def test_two_thousand_people_make_no_page_long(officer: Visitor, draft: World):
    """Each mandate's list of all people made a draft of twelve parties a page of several megabytes."""
    with draft.service.database.begin() as session:
        for number in range(2000):
            people.add(session, name=f"Person {number:04}", email=f"p{number}@uni.example", now=NOON)
    page = officer.get(url(draft)).text
    assert page.count("<option") <= MOST_OFFERED + 10
    last = officer.submit(url(draft, f"mandates/{ALES.signer}"), person="Person 1999", organ="Council", last_day="")
    assert last.status_code == 302
    assert 'value="Person 1999 · p1999@uni.example"' in officer.get(url(draft)).text
    assert officer.get(f"/secretariat/agreements/{draft.agreement}/parties.csv").status_code == 200


def test_who_was_here_is_told_by_when_and_not_by_a_password(officer: Visitor, visit: Visit):
    visit(LIN)
    rows = officer.get("/secretariat/people").text.split("<tr>")
    of = {person: next(row for row in rows if person.email in row) for person in (LIN, OFFICER, SOMCHAI)}
    assert ["never here yet" in row for row in of.values()] == [False, False, True]
    assert "<time" in of[LIN]


@pytest.mark.parametrize(("path", "size"), [("/secretariat/", PAGE), ("/secretariat/people", PEOPLE_PAGE)])
def test_the_links_of_a_list_lead_once_through_all_of_it(officer: Visitor, draft: World, path: str, size: int):
    with draft.service.database.begin() as session:
        terms = agreements.get(session, draft.agreement).terms
        for number in range(2 * size + 3):
            people.add(session, name=f"Person {number % 7}", email=f"p{number}@uni.example", now=NOON)
            reference = f"MOU/{number}"
            agreements.add_draft(session, new_id(), reference=reference, terms=terms, files={}, officer=None, now=NOON)
        wanted = [
            one.id for one in (people.everybody(session) if "people" in path else agreements.newest_first(session))
        ]
    seen, pages, link = [], 0, path
    while link:
        page = officer.get(link).text
        seen += re.findall(r'<h2><a href="/secretariat/agreements/([a-z2-7]+)/|/people/([a-z2-7]+)/access/', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        link, pages = following[1].replace("&amp;", "&") if following else "", pages + 1
    assert pages == 3
    assert sorted("".join(one) for one in seen) == sorted(wanted), "each of them, and each once"

"""What a representative reads, looks at and takes away."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import update

from signing_service.agreement.terms import SECRETARIAT
from signing_service.encoding import sha256_hex
from signing_service.evidence.bundle import read_bundle
from signing_service.evidence.receipt import parse_receipt, verify_receipt
from signing_service.store.tables import Person
from signing_service.workflow.drafts import replace_source
from signing_service.workflow.people import NewPerson, add_person
from tests.cast import ALES, BEREZINA, HOA, LIN, NANJING, OFFICER, SAULE, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.test_paper import speaking_of_paper
from tests.workflow.world import Signing, World, source

Visit = Callable[..., Visitor]


@pytest.fixture
def lin(visit: Visit, world: World) -> Visitor:
    return visit(LIN)


def url(world: World, rest: str = "") -> str:
    return f"/agreements/{world.agreement}/{rest}"


def test_the_text_stands_on_the_page_with_its_contents(lin: Visitor, world: World):
    page = lin.get(url(world)).text
    assert '<a href="#purpose">' in page
    assert 'id="purpose"' in page
    assert "The Parties establish an alliance." in page


@pytest.mark.parametrize("rest", ["revisions/{}.pdf", "revisions/{}/pages/1.png", "revisions/0/pages/{}.png"])
def test_a_number_that_no_database_counts_to_is_no_revision_and_no_page(lin: Visitor, world: World, rest: str):
    assert lin.get(url(world, rest.format("9" * 40))).status_code == 404
    assert lin.get(url(world, rest.format(1 if "pages/{}" in rest else 0))).status_code == 200


def test_the_page_hands_the_script_what_it_must_compare(lin: Visitor, world: World):
    found = re.search(r"data-page>(.*?)</script>", lin.get(url(world)).text, re.DOTALL)
    assert found
    data = json.loads(found.group(1))
    pdf = lin.get(url(world, "revisions/0.pdf")).data
    assert data["revision0"] == sha256_hex(pdf)
    assert data["signer"] == LIN.signer
    assert data["representative"] == LIN.name
    assert data["organization"] == NANJING.name
    assert data["trust"]["record_key"].startswith("sign.example.org+")


def test_who_has_no_password_is_led_to_the_approval_passkey_and_never_asked_for_one(visit: Visit, world: World):
    lin = visit(LIN)
    with world.service.database.begin() as session:  # came by invitation and made a passkey to sign in
        session.execute(update(Person).where(Person.id == world.ids[LIN]).values(password_hash=None))
    page = lin.get(url(world)).text
    assert "Before you sign you need an approval passkey." in page
    assert "The rules let a password approve, too, but you have none here" in page
    assert "Make your approval passkey" in page
    assert "Better than" not in page
    assert "data-signing" not in page
    assert lin.get(url(world, f"decline/{LIN.signer}")).status_code == 403


@pytest.mark.parametrize(
    ("paper", "words"),
    [("counts", "let a signature on paper count"), ("shown", "it counts for nothing"), ("", None)],
)
def test_the_rules_say_what_a_signature_on_paper_is_good_for(
    visit: Visit, world: World, paper: str, words: str | None
):
    page = visit(LIN).get(url(speaking_of_paper(world, paper))).text
    rules = page[page.index('class="rules') :].partition("</ul>")[0]
    assert words in rules if words else "on paper" not in rules


def test_the_page_of_passkeys_tells_the_one_to_sign_in_from_the_ones_to_approve(lin: Visitor, world: World):
    page = lin.get("/passkeys/").text
    assert page.index("To sign in") < page.index("To approve your signature") < page.index("not made yet")
    assert f"/agreements/{world.agreement}/passkey/{LIN.signer}/" in page


def test_an_officer_who_has_begun_to_countersign_still_finds_the_page_of_passkeys(visit: Visit, world: World):
    for person in (LIN, SOMCHAI, ALES, HOA):
        world.sign(person)
    Signing(world, world.officer, SECRETARIAT).begin()
    assert "To sign in" in visit(OFFICER).get("/passkeys/").text


def test_somebody_else_does_not_learn_that_the_agreement_exists(app, world: World):
    add_person(world.service, world.officer, NewPerson(SAULE.name, SAULE.email))
    anybody = Visitor(app)
    for path in ("", "agreement.pdf", "revisions/0.pdf", "evidence.zip", "revisions/0/pages/1.png"):
        assert anybody.get(url(world, path)).status_code == 302, "sign in first"


def test_a_draft_is_not_shown_to_representatives(visit: Visit, draft: World):
    lin = visit(LIN)
    assert "Test Agreement" not in lin.get("/agreements/").text
    assert lin.get(f"/agreements/{draft.agreement}/").status_code == 404


def test_a_language_that_the_agreement_has_not_is_not_found(lin: Visitor, world: World):
    assert lin.get(url(world, "?text=fr")).status_code == 404


def test_the_pages_of_the_pdf_come_as_pictures(lin: Visitor, world: World):
    picture = lin.get(url(world, "revisions/0/pages/1.png"))
    assert picture.mimetype == "image/png"
    assert picture.data.startswith(b"\x89PNG")
    assert lin.get(url(world, "revisions/0/pages/99.png")).status_code == 404
    assert lin.get(url(world, "revisions/0/pages/0.png")).status_code == 404


def test_a_page_that_is_opened_to_be_read_has_twice_the_pixels_of_the_one_in_the_list(lin: Visitor, world: World):
    page = lin.get(url(world)).text
    small, large = f"{url(world)}revisions/0/pages/1.png", f"{url(world)}revisions/0/pages/1.png?size=large"
    assert f'<a href="{large}" data-enlarge><img src="{small}"' in page
    assert page.count('<dialog class="enlarged"') == 1
    assert 'aria-haspopup="dialog" data-enlarge' in page, "the picture of one's own signature opens in the same"
    widths = [Image.open(BytesIO(lin.get(address).data)).width for address in (small, large, small)]
    assert widths == [1240, 2400, 1240]


def test_the_end_of_a_revision_can_be_fetched_alone(lin: Visitor, world: World):
    first = lin.get(url(world, "revisions/0.pdf")).data
    world.sign(SOMCHAI)
    whole = lin.get(url(world, "revisions/1.pdf")).data
    part = lin.get(url(world, "revisions/1.pdf"), headers={"Range": f"bytes={len(first)}-"})
    assert part.status_code == 206
    assert first + part.data == whole


def test_an_unchanged_pdf_is_not_sent_twice(lin: Visitor, world: World):
    etag = lin.get(url(world, "agreement.pdf")).headers["ETag"]
    assert lin.get(url(world, "agreement.pdf"), headers={"If-None-Match": etag}).status_code == 304


def test_who_has_signed_sees_it_at_once_and_has_a_receipt(lin: Visitor, world: World):
    world.sign(LIN)
    page = lin.get(url(world)).text
    assert "You have signed for" in page
    assert "data-signing" not in page
    assert "Your receipt" in page
    receipt = lin.get(url(world, f"receipts/{LIN.signer}.json"))
    verify_receipt(parse_receipt(receipt.data), world.service.trust)
    assert f"receipt-{world.agreement}-njupt-president.json" in receipt.headers["Content-Disposition"]
    assert "time not independent" in lin.get(url(world, f"receipts/{LIN.signer}/")).text


def test_the_receipt_names_the_time_that_counts_and_the_one_in_the_box_each_with_its_zone(lin: Visitor, world: World):
    assert "The time of the timestamp counts" in lin.get(url(world)).text, "said before one signs"
    signing = world.signing(LIN)
    world.clock.forward(minutes=3)
    signing.approve()
    signing.complete()
    facts = re.sub(r"<[^>]+>", " ", lin.get(url(world, f"receipts/{LIN.signer}/")).text)
    said = " ".join(facts.split())
    assert "Time that counts 11 Apr 2025, 12:03 (Shanghai; 04:03 UTC)" in said
    assert "Time in the box 11 Apr 2025, 12:00 (Shanghai; 04:00 UTC)" in said
    assert "The time of the timestamp counts" in said


def test_the_receipt_does_not_tell_two_times_apart_that_are_the_same_to_the_minute(lin: Visitor, world: World):
    world.sign(LIN)
    assert "The time of the timestamp counts" not in lin.get(url(world, f"receipts/{LIN.signer}/")).text


def test_nobody_gets_the_receipt_of_somebody_else(visit: Visit, world: World):
    world.sign(LIN)
    assert visit(SOMCHAI).get(url(world, f"receipts/{LIN.signer}/")).status_code == 404


def test_the_evidence_bundle_opens(lin: Visitor, world: World):
    world.sign(SOMCHAI)
    answer = lin.get(url(world, "evidence.zip"))
    assert read_bundle(answer.data).agreement == world.agreement
    assert f"evidence-{world.agreement}-" in answer.headers["Content-Disposition"]


def test_declining_asks_for_reason_and_password_and_is_shown(lin: Visitor, visit: Visit, world: World):
    path = url(world, f"decline/{LIN.signer}")
    lin.get(path)
    assert lin.submit(path, reason="no", password="wrong password").status_code == 403
    answer = lin.submit(path, reason="our council has not decided", password="a password that only the tests use")
    assert answer.status_code == 302
    assert "our council has not decided" in lin.get(url(world)).text
    follow = visit(OFFICER).get(f"/secretariat/agreements/{world.agreement}/").text
    assert "our council has not decided" in follow


def test_an_agreement_that_is_closed_says_why_there_is_nothing_to_sign(lin: Visitor, visit: Visit, world: World):
    officer = visit(OFFICER)
    officer.submit(f"/secretariat/agreements/{world.agreement}/withdraw", reason="a mistake in article 1", sure="y")
    page = lin.get(url(world)).text
    assert "Reason: a mistake in article 1" in page
    assert "Did not sign" in page
    assert "The agreement was withdrawn on" in page
    assert "data-signing" not in page


def test_who_is_not_needed_any_more_may_sign_and_officers_see_who_is_missing(visit: Visit, draft: World):
    rules = 'signatures = { kind = "at-least", count = 2 }\n'
    replace_source(draft.service, draft.officer, draft.agreement, source(rules=rules))
    draft.publish().sign(LIN)
    draft.sign(SOMCHAI)
    ales = visit(ALES)
    listed, page = ales.get("/agreements/").text, ales.get(url(draft)).text
    assert all(words in listed for words in ("you may still sign", "Read and sign"))
    assert all(words in page for words in ("Enough parties have signed for the secretariat", "data-signing"))
    assert "Signed by enough parties" in page
    assert "Whoever else has not signed may sign until the secretariat countersigns" in page
    followed = visit(OFFICER).get(f"/secretariat/agreements/{draft.agreement}/").text
    assert f"Not signed yet: {BEREZINA.name}" in followed
    assert "Remind all who have not signed" in followed
    draft.countersign()
    page = ales.get(url(draft)).text
    assert "The agreement is countersigned and closed." in page
    assert "data-signing" not in page


def test_who_is_not_needed_is_told_both_ends_of_signing_where_the_rules_set_one(visit: Visit, draft: World):
    rules = 'signatures = { kind = "at-least", count = 2 }\ncloses = "2999-01-01T00:00:00Z"\n'
    replace_source(draft.service, draft.officer, draft.agreement, source(rules=rules))
    draft.publish()
    page = visit(ALES).get(url(draft)).text
    assert "may sign until signing closes or the secretariat countersigns, whichever comes first" in page
    assert "may sign until the secretariat countersigns" not in page

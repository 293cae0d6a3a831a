"""Signing in a real browser: by pen, by keyboard, on a phone, over a bad connection, against a lying server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from signing_service.encoding import from_base64url, to_base64url
from signing_service.errors import TimestampError
from signing_service.store import acts
from signing_service.workflow import download
from tests.cast import ALES, ANDAMAN, HOA, LIN, OFFICER, PASSWORD, SOMCHAI
from tests.web.conftest import LiveServer
from tests.web.screen import Screen

Screens = Callable[..., Screen]


@pytest.fixture
def somchai(screen: Screens, live: LiveServer) -> Screen:
    """Somchai on his phone, with the agreement open."""
    return screen(width=360, height=740, has_touch=True).sign_in(SOMCHAI).open_agreement(live.world.agreement)


def pdf_of(live: LiveServer) -> bytes:
    return download.pdf(live.world.service, live.world.officer, live.world.agreement)


def has_signed(live: LiveServer, signer: str) -> bool:
    with live.world.service.database.read() as session:
        return acts.signature(session, live.world.agreement, signer) is not None


def test_a_representative_signs_on_a_phone_and_gets_a_receipt(somchai: Screen, live: LiveServer):
    somchai.sign()
    expect(somchai.page.get_by_text("In the document, with a timestamp, and in the public record")).to_be_visible()
    with somchai.page.expect_download() as saved:
        somchai.page.get_by_role("link", name="Save the receipt").click()
    assert json.loads(saved.value.path().read_bytes())["signer"] == SOMCHAI.signer
    assert SOMCHAI.name.encode("utf-16-be").hex().encode() in pdf_of(live)


def test_who_comes_back_sees_that_the_signature_is_given(somchai: Screen, live: LiveServer):
    somchai.sign()
    somchai.open_agreement(live.world.agreement)
    expect(somchai.page.get_by_text(f"You have signed for {ANDAMAN.name}.")).to_be_visible()
    expect(somchai.section).to_have_count(0)
    expect(somchai.page.get_by_text("1 of 4 have signed")).to_be_visible()
    expect(somchai.page.get_by_role("link", name="Decline to sign")).to_have_count(0)


def test_the_back_button_after_signing_shows_that_the_signature_is_given(somchai: Screen):
    somchai.sign()
    somchai.page.wait_for_load_state("load")
    # Not go_back, which takes the page's own renewal for a failure; later, since leaving would cut off the answer.
    somchai.page.evaluate("setTimeout(() => history.back())")
    expect(somchai.page.get_by_text(f"You have signed for {ANDAMAN.name}.")).to_be_visible()
    expect(somchai.section).to_have_count(0)


def test_who_loses_the_connection_just_after_signing_is_told_that_it_is_given(somchai: Screen):
    somchai.page.route("**/receipts/**", lambda route: route.fulfill(status=204))  # the page stays as it is
    somchai.propose().approve()
    expect(somchai.stage("done")).to_contain_text("in the public record as entry")
    somchai.page.unroute_all()
    somchai.page.get_by_role("link", name="See your receipt").click()
    somchai.expect_signed()


def test_a_signature_is_drawn_with_a_finger(somchai: Screen, live: LiveServer):
    somchai.page.set_viewport_size({"width": 360, "height": 740})
    stage = somchai.stage("mark")
    stage.get_by_label("Draw it").check()
    stage.get_by_role("button", name="Continue").click()
    expect(stage.get_by_role("alert")).to_contain_text("still empty")
    pad = stage.locator(".pad svg")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    assert box["width"] > 320, "from edge to edge"
    assert box["height"] > 190
    for x in (0.2, 0.5):
        somchai.page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * 0.7)
        somchai.page.mouse.down()
        for step in range(10):
            at = (box["x"] + box["width"] * (x + step / 40), box["y"] + box["height"] * (0.7 - step % 3 / 5))
            somchai.page.mouse.move(*at)
        somchai.page.mouse.up()
    expect(pad.locator("path")).to_have_count(2)
    expect(pad.locator("path").first).to_have_attribute("d", re.compile("Q"))  # a smooth line, as in the document
    stage.get_by_role("button", name="Undo last stroke").click()
    expect(pad.locator("path")).to_have_count(1)
    with somchai.page.expect_request("**/attempts") as asked:
        somchai.propose()
    strokes = asked.value.post_data_json["mark"]["strokes"]
    assert all(0 <= value <= 1000 for value in strokes[0])
    assert strokes[0][:2] == pytest.approx([200, 420], abs=5), "as wide as high: nothing is squeezed"
    somchai.approve().expect_signed()


def test_the_keyboard_alone_signs(screen: Screens, live: LiveServer):
    lin = screen().sign_in(LIN).open_agreement(live.world.agreement)
    page = lin.page
    lin.stage("mark").get_by_label("Name as you sign it").focus()
    page.keyboard.press("Enter")
    expect(lin.stage("approve")).to_be_visible()
    expect(lin.stage("approve").get_by_role("heading")).to_be_focused()
    for _ in ("change it", "which time counts", "the tick"):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    lin.expect_signed()


def test_a_wrong_password_is_told_beside_it_and_the_next_one_signs(somchai: Screen, live: LiveServer):
    somchai.propose().approve("not the password")
    expect(somchai.stage("approve").get_by_role("alert")).to_contain_text("The password is wrong.")
    expect(somchai.stage("approve").get_by_role("alert")).to_be_in_viewport()
    expect(somchai.stage("approve").get_by_label("Your password")).to_be_focused()
    somchai.approve().expect_signed()


def test_two_sign_at_the_same_time_and_both_land(screen: Screens, live: LiveServer):
    people = [
        screen().sign_in(person).open_agreement(live.world.agreement).propose() for person in (LIN, SOMCHAI, ALES)
    ]
    for one in people:
        one.approve()
    for one in people:
        one.expect_signed()
    assert pdf_of(live).count(b"%%EOF") == 5  # base, seal, three signatures


def test_a_session_that_ended_in_the_middle_is_taken_up_again_in_another_tab(somchai: Screen, live: LiveServer):
    somchai.propose()
    other = somchai.context.new_page()
    other.goto("/agreements/")
    other.get_by_role("button", name="Sign out").click()
    somchai.approve().expect_failure("You have been signed out")
    other.goto("/sign-in")
    other.get_by_label("E-mail address").fill(SOMCHAI.email)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
    somchai.stage("failed").get_by_role("button", name="Try again").click()
    somchai.expect_signed()


def test_in_a_second_tab_nothing_is_signed_twice(somchai: Screen, screen: Screens, live: LiveServer):
    second = screen().sign_in(SOMCHAI).open_agreement(live.world.agreement).propose()
    somchai.sign()
    second.approve().expect_signed()  # not told as a failure: it is signed
    assert pdf_of(live).count(b"%%EOF") == 3


def test_a_tab_that_waits_while_the_other_one_signs_shows_that_it_is_signed(screen: Screens, live: LiveServer):
    lin, tab, other_tab = (
        screen().sign_in(person).open_agreement(live.world.agreement).propose() for person in (LIN, SOMCHAI, SOMCHAI)
    )
    lin.page.route("**/signature", lambda route: None)  # on its way, until the routes are taken away
    with lin.page.expect_request("**/signature"):
        lin.approve()
    for one in (tab, other_tab):
        with one.page.expect_response("**/approval") as queued:
            one.approve()
        assert queued.value.status == 202
    lin.page.unroute_all()
    for one in (lin, tab, other_tab):
        one.expect_signed()  # not told that the page refuses, since the field is filled


def test_the_timestamp_that_does_not_come_is_told_and_can_be_tried_again(
    somchai: Screen, live: LiveServer, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise TimestampError("no timestamp authority answered; nothing was signed", hint="try again in a minute")

    somchai.propose()
    with monkeypatch.context() as patch:
        patch.setattr("signing_service.workflow.service.first_token", fail)
        somchai.approve().expect_failure("No timestamp authority answered; nothing was signed.")
    assert not has_signed(live, SOMCHAI.signer)
    somchai.stage("failed").get_by_role("button", name="Try again").click()
    somchai.expect_signed()


def flip(encoded: str, at: int) -> str:
    data = bytearray(from_base64url(encoded))
    data[at] ^= 1
    return to_base64url(bytes(data))


def swap_digest(prepared: dict[str, Any]) -> None:
    at = from_base64url(prepared["signed_attributes"]).index(bytes.fromhex("06092a864886f70d010904")) + 20
    prepared["signed_attributes"] = flip(prepared["signed_attributes"], at)


LIES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another delta": (lambda p: p.update(delta=flip(p["delta"], 5)), "delta-"),
    "another digest": (swap_digest, "attributes-digest"),
    "more attributes": (lambda p: p.update(signed_attributes=flip(p["signed_attributes"], 12)), "attributes-"),
    "another certificate": (lambda p: p.update(certificate=p["chain"][0]), "attributes-"),
    "a certificate nobody recorded": (lambda p: p["issuance"].update(index=0), "record-inclusion"),
    "a shorter document": (lambda p: p.update(base_length=p["base_length"] - 1), "base-"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_swaps_something_is_refused_by_the_page(somchai: Screen, live: LiveServer, lie: str):
    change, code = LIES[lie]

    def answer_with_a_lie(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        change(body["prepared"])
        route.fulfill(response=answer, json=body)

    somchai.page.route("**/approval", answer_with_a_lie)
    somchai.propose().approve().expect_failure("This page refuses to sign")
    expect(somchai.stage("failed")).to_contain_text(code)
    assert not has_signed(live, SOMCHAI.signer)


@pytest.mark.parametrize("member", ["agreement", "revision0", "signer", "mandate", "consent", "appearance"])
def test_a_statement_about_something_else_is_never_approved(somchai: Screen, live: LiveServer, member: str):
    def answer_with_a_lie(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        body["statement"][member] = "" if member == "consent" else "0" * 64
        route.fulfill(response=answer, json=body)

    somchai.page.route("**/attempts", answer_with_a_lie)
    somchai.stage("mark").get_by_role("button", name="Continue").click()
    somchai.expect_failure("This page refuses to sign")


def test_another_document_than_the_one_on_the_page_is_not_signed(somchai: Screen, live: LiveServer):
    def answer_with_a_lie(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.body().replace(b"/Type /Page", b"/Type /Pagf", 1))

    somchai.page.route("**/revisions/0.pdf", answer_with_a_lie)
    somchai.stage("mark").get_by_role("button", name="Continue").click()
    somchai.expect_failure("The document does not begin with the agreement that you read.")


def test_an_officer_countersigns_and_downloads_a_pdf_that_holds_every_signature(screen: Screens, live: LiveServer):
    for person in (LIN, SOMCHAI, ALES, HOA):
        live.world.sign(person)
    officer = screen().sign_in(OFFICER)
    officer.page.goto("/")
    officer.page.get_by_role("link", name="Countersign").click()
    officer.countersign()
    live.world.archive()
    officer.page.goto(f"/secretariat/agreements/{live.world.agreement}/")
    expect(officer.page.get_by_text("Signed, countersigned and archived.")).to_be_visible()
    pdf = officer.page.request.get(f"/agreements/{live.world.agreement}/agreement.pdf").body()
    assert pdf.count(b"/SubFilter /ETSI.CAdES.detached") == 6  # the seal, four signatures, the countersignature
    assert pdf.count(b"/SubFilter /ETSI.RFC3161") == 1
    with officer.page.expect_download() as saved:
        officer.page.get_by_role("link", name="Evidence bundle (ZIP)").click()
    assert saved.value.path().read_bytes().startswith(b"PK")

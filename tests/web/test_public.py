"""Pages for everybody: the trust file, the record, the hall, fonts, timestamps."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from html import unescape
from typing import Any

import pytest
import uharfbuzz
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from signing_service import resources
from signing_service.agreement.source import TOML
from signing_service.evidence.trust import fingerprint, fingerprint_text, parse_trust_file
from signing_service.pki.timestamp_check import check_response
from signing_service.pki.timestamps import request_timestamp
from signing_service.record.checkpoint import verify_checkpoint
from signing_service.workflow.drafts import create_correction, replace_source
from signing_service.workflow.withdrawal import withdraw
from tests.cast import ANDAMAN, LIN, NANJING, NOON, OFFICER, SOMCHAI
from tests.web.visitor import Visitor
from tests.workflow.devices import Devices
from tests.workflow.world import World, corrected, source

Visit = Callable[..., Visitor]


def test_the_trust_file_is_served_with_its_fingerprint(anybody: Visitor, world: World):
    data = anybody.get("/trust.json").data
    assert parse_trust_file(data).record_key == world.service.trust.record_key
    assert fingerprint_text(fingerprint(data)) in anybody.get("/trust").text
    assert b"BEGIN CERTIFICATE" in anybody.get("/root.pem").data


def test_the_page_of_the_trust_file_shows_which_one_came_before_and_whom_it_names(anybody: Visitor, world: World):
    before = fingerprint_text(fingerprint(anybody.get("/trust.json").data))
    page = anybody.get("/trust").text
    assert "made with the service" in page
    assert "nobody yet" in page
    Devices.in_(world)
    page = anybody.get("/trust").text
    assert page.index(fingerprint_text(fingerprint(anybody.get("/trust.json").data))) < page.index(before)
    assert unescape(page).count(f"an officer's passkey was added: {OFFICER.name}") == 1
    assert f"<dt>Officers</dt><dd>{OFFICER.name}</dd>" in page


def test_every_trust_file_there_has_been_is_saved_from_its_row_as_it_was(anybody: Visitor, world: World):
    first = anybody.get("/trust.json").data
    Devices.in_(world)
    second = anybody.get("/trust.json").data
    links = re.findall(r'href="(/trust/[^"]+)"', anybody.get("/trust").text)

    assert [anybody.get(link).data for link in links] == [second, first]
    answer = anybody.get(links[1])
    printed = fingerprint_text(fingerprint(first)).replace(" ", "")[:8]
    assert answer.headers["Content-Disposition"] == f"attachment; filename=trust-{printed}.json"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert anybody.get(f"/trust/{sha256(b'another').hexdigest()}.json").status_code == 404


def test_the_records_checkpoint_is_signed_with_the_trusted_key(anybody: Visitor, world: World):
    answer = anybody.get("/record/checkpoint")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    note = answer.data
    checkpoint = verify_checkpoint(note, world.service.trust.record_key, "sign.example.org")
    page = anybody.get("/record/").text
    assert f"<dd>{checkpoint.size}</dd>" in page
    assert "not witnessed" in page


def test_the_records_tiles_are_served_and_others_are_not_found(anybody: Visitor, world: World):
    size = verify_checkpoint(anybody.get("/record/checkpoint").data, world.service.trust.record_key).size
    for path in (f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
        answer = anybody.get(f"/record/{path}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    for path in ("tile/0/000", "tile/0/000.p/250", "tile/9/000", "tile/0/0x0", "tile/../checkpoint"):
        assert anybody.get(f"/record/{path}").status_code == 404


def test_the_built_in_authority_answers_timestamp_requests(anybody: Visitor, world: World):
    digest = sha256(b"anything").digest()
    request = request_timestamp(digest, 7)
    answer = anybody.client.post("/tsa", data=request, content_type="application/timestamp-query")
    assert answer.mimetype == "application/timestamp-reply"
    keys = world.service.keys
    token = check_response(answer.data, digest, 7, (keys.root,), NOON)
    assert token.time == NOON
    assert anybody.client.post("/tsa", data=request, content_type="text/plain").status_code == 400


def test_the_hall_shows_every_party_and_no_person(anybody: Visitor, world: World):
    world.sign(SOMCHAI)
    page = anybody.get(f"/ceremony/{world.agreement}").text
    for text in (NANJING.native_name, ANDAMAN.name, "Thailand"):
        assert text in page
    for text in (SOMCHAI.name, SOMCHAI.email, LIN.name):
        assert text not in page
    state = anybody.get(f"/ceremony/{world.agreement}/state.json")
    assert SOMCHAI.name not in state.text
    assert [signer["status"] for signer in state.json["signers"]] == ["waiting", "signed", "waiting", "waiting"]


def test_a_country_is_called_as_the_agreement_prints_it_else_as_its_language_has_it(anybody: Visitor, draft: World):
    files = source()
    names = b'country = "TH"\ncountry_name = { en = "Siam" }'
    files[TOML] = files[TOML].replace(b'country = "TH"', names)
    replace_source(draft.service, draft.officer, draft.agreement, files)
    draft.publish()
    for path in (f"/ceremony/{draft.agreement}", f"/status/{draft.agreement}"):
        anybody.get("/language/en")
        page = anybody.get(path).text
        assert "Siam" in page
        assert "Belarus" in page
        anybody.get("/language/th")
        assert "ไทย" in anybody.get(path).text


@pytest.mark.parametrize(("tag", "city"), [("en", "Shanghai"), ("zh", "上海"), ("ru", "Шанхай"), ("th", "เซี่ยงไฮ้")])
def test_the_hall_names_the_cities_in_its_language(anybody: Visitor, world: World, tag: str, city: str):
    anybody.get(f"/language/{tag}?next=/")
    assert f'data-zone="Asia/Shanghai" data-city="{city}"' in anybody.get(f"/ceremony/{world.agreement}").text


def test_an_unchanged_hall_costs_no_body_and_a_signature_changes_it(anybody: Visitor, world: World):
    path = f"/ceremony/{world.agreement}/state.json"
    etag = anybody.get(path).headers["ETag"]
    assert anybody.get(path, headers={"If-None-Match": etag}).status_code == 304
    world.sign(LIN)
    assert anybody.get(path, headers={"If-None-Match": etag}).status_code == 200


def hall(anybody: Visitor, world: World) -> tuple[str, dict[str, Any]]:
    """The page as it is after reload, and what an open one asks for."""
    path = f"/ceremony/{world.agreement}"
    return anybody.get(path).text, anybody.get(f"{path}/state.json").json


def test_the_hall_tells_of_a_withdrawal_and_waits_for_nobody(anybody: Visitor, world: World):
    world.sign(SOMCHAI)
    assert 'data-ending aria-live="polite" hidden' in hall(anybody, world)[0]
    withdraw(world.service, world.officer, world.agreement, "the text was the wrong one")
    page, state = hall(anybody, world)
    assert ">Withdrawn</p>" in page
    assert "the wrong one" not in page
    assert page.count(">did not sign</span>") == 3
    assert ">waiting</span>" not in page
    assert (state["outcome"], state["since"]) == ("withdrawn", "2025-04-11T04:00:00Z")
    assert [signer["status"] for signer in state["signers"]] == ["missed", "signed", "missed", "missed"]


def test_the_hall_tells_that_a_corrected_version_has_replaced_it(anybody: Visitor, world: World):
    replace(world, agreement=create_correction(world.service, world.officer, world.agreement, corrected())).publish()
    page, state = hall(anybody, world)
    assert ">Replaced by a corrected version</p>" in page
    assert state["outcome"] == "superseded"


def test_the_hall_tells_that_signing_is_over(visit: Visit, anybody: Visitor, draft: World):
    rules(visit, draft, signatures="all", closes="2025-04-12T18:30")
    draft.clock.forward(days=2)
    page, state = hall(anybody, draft)
    assert ">Closed without all signatures</p>" in page
    assert page.count(">did not sign</span>") == 4
    assert (state["outcome"], state["since"]) == ("expired", "2025-04-12T18:30:00Z")


def test_the_hall_tells_the_countersignature_and_the_entry_into_force(visit: Visit, anybody: Visitor, draft: World):
    rules(visit, draft, signatures="at-least", count="2", force="days-after", days="30")
    draft.sign(LIN)
    draft.sign(SOMCHAI)
    page, state = hall(anybody, draft)
    assert ">All required signatures are given.</p>" in page
    assert page.count(">waiting</span>") == 2, "they may still sign"
    draft.countersign()
    page, state = hall(anybody, draft)
    assert ">Countersigned by the secretariat</p>" in page
    assert ">11 May 2025, 04:00 UTC</time></p>" in page
    assert page.count(">did not sign</span>") == 2
    assert (state["outcome"], state["in_force_from"]) == ("countersigned", "2025-05-11T04:00:00Z")


def test_the_halls_code_leads_to_what_can_be_read_without_a_file(anybody: Visitor, world: World):
    page = hall(anybody, world)[0]
    assert f'<a class="qr" href="/status/{world.agreement}">' in page
    assert 'href="/verify"' in anybody.get(f"/status/{world.agreement}").text


def rules(visit: Visit, draft: World, **chosen: str) -> None:
    """Publish the draft with these rules."""
    officer, path = visit(OFFICER), f"/secretariat/agreements/{draft.agreement}/rules"
    officer.get(path)
    usual = {"zone": "UTC", "order": "free", "minimum_assurance": "service", "force": "on-countersignature"}
    assert officer.submit(path, **{**usual, **chosen}).status_code == 303
    draft.publish()


def test_a_draft_has_no_hall(anybody: Visitor, draft: World):
    assert anybody.get(f"/ceremony/{draft.agreement}").status_code == 404


def test_fonts_come_from_this_service_cut_to_the_script(anybody: Visitor, world: World):
    latin = anybody.get("/fonts/serif-latin.ttf")
    assert gzip.decompress(latin.data).startswith(b"\x00\x01\x00\x00")
    assert len(latin.data) < 60_000
    assert anybody.get("/fonts/comic.ttf").status_code == 404


def test_han_characters_come_in_pieces_for_devices_that_have_none(anybody: Visitor, world: World):
    rules = gzip.decompress(anybody.get("/fonts/han.css").data).decode()
    covered = dict(re.findall(r"fonts/(han-[a-z0-9]+)\.ttf\"\); unicode-range: ([^;]+);", rules))

    assert list(covered)[-1] == "han-common", "of two rules for a character the later one counts"
    assert "U+5357" in covered["han-common"].replace("-", ", ").split(", "), "the host's own name"
    assert len(re.findall("local", rules.partition("url(")[0])) == len(re.findall("local", rules)), (
        "each name in each piece's rule costs a look at the device's fonts"
    )
    tokens = (resources.static() / "style" / "tokens.css").read_text()
    assert tokens.count('"Own Han", "Scripts"') == tokens.count('"Scripts"') == 3, "what the device has comes first"
    piece = gzip.decompress(anybody.get("/fonts/han-9f00.ttf").data)
    assert ord("龙") in uharfbuzz.Face(uharfbuzz.Blob(piece)).unicodes
    assert anybody.get("/fonts/han-0.ttf").status_code == 404


def test_every_script_has_both_weights(anybody: Visitor, world: World):
    """Where Han alone had a bold face, browsers found no bold Thai, Lao, Khmer or Burmese at all."""
    weights: dict[str, set[str]] = {}
    for rule in re.findall(r"@font-face \{([^}]+)\}", (resources.static() / "style" / "typefaces.css").read_text()):
        if '"Scripts"' in rule:
            weight, script, address = re.search(
                r"weight: (\d+).*range: ([^;]+);.*url\(\"([^\"]+)", rule, re.DOTALL
            ).groups()
            weights.setdefault(script, set()).add(weight)
            assert anybody.get(address).status_code == 200
    assert len(weights) == 4
    assert all(found == {"400", "600"} for found in weights.values())


def test_the_health_check_answers(anybody: Visitor, world: World):
    assert anybody.get("/healthz").json == {"status": "ok"}


def test_the_root_that_the_page_on_the_yellow_mark_gives_has_the_fingerprint_that_it_shows(
    anybody: Visitor, world: World
):
    page = anybody.get("/help/yellow-mark").text
    root = load_pem_x509_certificate(anybody.get("/root.pem").data)
    shown = re.search(r"SHA-256 ([0-9a-f ]{71})", page)
    assert shown is not None
    assert shown[1].replace(" ", "") == root.fingerprint(SHA256()).hex()


def test_the_page_on_the_yellow_mark_judges_no_file_and_is_found_beside_the_pdf(
    visit: Visit, anybody: Visitor, world: World
):
    page = anybody.get("/help/yellow-mark").text
    assert "This page has not seen the file; check it here:" in page
    assert "The signatures are good." not in page
    world.sign(LIN)
    lin, path = visit(LIN), f"/agreements/{world.agreement}/"
    assert "To the front page" in lin.get("/help/yellow-mark").text
    for shown in (path, f"{path}receipts/{LIN.signer}/"):
        assert 'href="/help/yellow-mark"' in lin.get(shown).text


def test_an_unknown_language_is_not_found_and_a_known_one_is_kept(anybody: Visitor, world: World):
    assert anybody.get("/language/xx").status_code == 404
    assert anybody.get("/language/en?next=/verify").headers["Location"] == "/verify"


@pytest.mark.parametrize("path", ["/", "/verify", "/help/yellow-mark", "/trust", "/record/"])
def test_the_public_pages_greet_officers_too(visit: Visit, world: World, path: str):
    assert visit(OFFICER).get(path, follow_redirects=True).status_code == 200

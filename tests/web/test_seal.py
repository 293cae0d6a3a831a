"""A university's seal in place of a drawn or typed signature."""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from signing_service.encoding import from_base64url, to_base64url
from signing_service.workflow import download
from tests.cast import ALES, LIN, OFFICER, SOMCHAI
from tests.web.conftest import LiveServer
from tests.web.screen import Screen
from tests.web.seals import SECRET, seal_png
from tests.web.test_pages_in_chromium import check
from tests.web.visitor import Visitor
from tests.workflow.world import OneTimeKey, World

Visit = Callable[..., Visitor]


def begin(visitor: Visitor, world: World, seal: str):
    body = {"signer": LIN.signer, "mark": {"seal": seal}, "consent_language": "en"}
    return visitor.post(f"/api/agreements/{world.agreement}/attempts", body)


def test_a_seal_stands_in_the_document_as_pixels_only(visit: Visit, world: World):
    lin, key = visit(LIN), OneTimeKey()
    attempt = begin(lin, world, to_base64url(seal_png())).json
    body = from_base64url(attempt["appearance"])
    assert len(body) < 12_000
    content = zlib.decompress(body.partition(b"stream\n")[2].rpartition(b"\nendstream")[0])
    (side,) = re.findall(rb"BI /W (\d+) /H \1 ", content)
    assert 80 <= int(side) <= 160, "smaller only as far as the weight of its pixels asks"
    assert SECRET.encode() not in content
    pixels = Image.open(BytesIO(from_base64url(attempt["preview"]))).convert("RGB").tobytes()
    assert any(red > 150 and green < 80 for red, green in zip(pixels[::3], pixels[1::3], strict=True)), "it is red"
    prepared = lin.approve(attempt, key).json["prepared"]
    signature = key.sign(from_base64url(prepared["signed_attributes"]))
    done = lin.post(
        f"/api/attempts/{attempt['attempt']}/signature",
        {"signature": to_base64url(signature), "revision": prepared["revision"]},
    )
    assert done.status_code == 200
    assert body in download.pdf(world.service, world.officer, world.agreement)


def test_who_countersigns_is_offered_no_seal_of_a_university(visit: Visit, world: World):
    assert "Use my university's seal" in html.unescape(visit(LIN).get(f"/agreements/{world.agreement}/").text)
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    page = html.unescape(visit(OFFICER).get(f"/secretariat/agreements/{world.agreement}/").text)
    assert 'name="mark" value="drawn"' in page, "countersigning is offered"
    assert "seal" not in page.partition('data-stage="mark"')[2].partition('data-stage="approve"')[0]
    assert "with your name and the time." in page


@pytest.mark.parametrize(
    ("seal", "status"),
    [
        (to_base64url(b"GIF89a"), 400),
        (to_base64url(seal_png()[:200]), 400),
        ("not base64 !", 400),
        ("", 400),
        (to_base64url(bytes(1024 * 1024 + 64)), 400),
        (to_base64url(seal_png(4100)), 413),
    ],
)
def test_what_is_no_small_png_is_refused(visit: Visit, world: World, seal: str, status: int):
    assert begin(visit(LIN), world, seal).status_code == status


def test_a_seal_is_chosen_looked_at_and_signed_with(screen: Callable[..., Screen], live: LiveServer):
    window = screen(width=360).sign_in(SOMCHAI).open_agreement(live.world.agreement)
    stage = window.stage("mark")
    stage.get_by_label("Use my university's seal").check()
    stage.get_by_role("button", name="Continue").click()
    expect(stage.get_by_role("alert")).to_contain_text("Choose the image of the seal first")
    field = stage.get_by_label("Image of the seal (PNG)")
    field.set_input_files({"name": "seal.png", "mimeType": "image/png", "buffer": b"no picture"})
    stage.get_by_role("button", name="Continue").click()
    expect(stage.get_by_role("alert")).to_contain_text("is not a PNG that can be read")
    check(window.page)
    field.set_input_files({"name": "seal.png", "mimeType": "image/png", "buffer": seal_png()})
    window.propose().approve().expect_signed()

"""Signing with an own certificate in a real browser: from the reserved turn to the archive, refusals between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from signing_service.evidence.trust import format_trust_file, parse_trust_file
from signing_service.verify.trust import read_trust
from signing_service.verify.verifier import verify_bundle
from signing_service.workflow import download
from tests.cast import ALES, BEREZINA, HOA, LIN, NANJING, SOMCHAI, Person
from tests.own_certificates.authority import Authority, Identity, rsa_key
from tests.own_certificates.test_other_software import lay_out, pdfbox, pdfsig_signs, pyhanko_signs
from tests.web.conftest import LiveServer, chromium, copy, live, port, screen, templates_on  # noqa: F401 (fixtures)
from tests.web.screen import Screen
from tests.web.test_pages_in_chromium import check
from tests.workflow.world import World, source

Screens = Callable[..., Screen]


@pytest.fixture
def agreement(live: LiveServer, authority: Authority) -> World:  # noqa: F811
    """Lin and Ales may sign with certificates of one authority that both their parties named."""
    files = source(own_certificates={NANJING: (authority.pem,), BEREZINA: (authority.pem,)})
    return World.of(live.world.service, live.world.officer, files, live.world.ids).publish()


class Desk:
    """Somebody's browser on the page, and the folder that the browser saves to."""

    def __init__(self, window: Screen, world: World, person: Person, folder: Path) -> None:
        self.window, self.page, self.person, self.folder = window.sign_in(person), window.page, person, folder
        folder.mkdir()
        self.page.goto(f"/agreements/{world.agreement}/")
        self.page.get_by_role("link", name="own certificate").first.click()

    def reserve_and_download(self, identity: Identity) -> None:
        check(self.page)
        self.page.get_by_role("button", name="Reserve the turn for 30 minutes").click()
        expect(self.page.get_by_text("The turn is yours until")).to_be_visible()
        check(self.page)
        link = self.page.get_by_role("link", name="Download the PDF to sign")
        with self.page.expect_download() as saved:
            link.click()
        lay_out(self.folder, saved.value.path().read_bytes(), identity)

    def upload(self) -> None:
        self.page.get_by_label("The PDF that your software has signed").set_input_files(self.folder / "signed.pdf")
        self.page.get_by_role("button", name="Upload and check").click()

    def is_refused(self, why: str) -> None:
        self.upload()
        told = self.page.get_by_role("alert")
        expect(told).to_contain_text("Not accepted; nothing was stored")
        expect(told).to_contain_text(why)
        expect(told).to_contain_text("The turn is still yours.")

    def is_taken(self) -> None:
        self.upload()
        expect(self.page.get_by_text("Your signature is in the document and in the record.")).to_be_visible()
        check(self.page)


def test_two_sign_with_their_own_software_after_refusals_and_the_archived_agreement_verifies(
    screen: Screens,  # noqa: F811
    agreement: World,
    authority: Authority,
    lin: Identity,
    tmp_path: Path,
):
    desk = Desk(screen(width=360, height=740), agreement, LIN, tmp_path / "lin")
    desk.reserve_and_download(lin)
    to_sign = (desk.folder / "to-sign.pdf").read_bytes()

    (desk.folder / "to-sign.pdf").write_bytes(to_sign.replace(b"/Producer", b"/producer", 1))
    pyhanko_signs(desk.folder, LIN.signer)
    desk.is_refused("differs from the agreement at byte")
    check(desk.page)
    lay_out(desk.folder, to_sign, authority.issue("Somebody Else"))
    pyhanko_signs(desk.folder, LIN.signer)
    desk.is_refused("the mandate of 'Lin Shuyi'")
    lay_out(desk.folder, to_sign, authority.issue("LIN Shuyi", key=rsa_key()))
    pdfsig_signs(desk.folder, LIN.signer)
    desk.is_refused("adbe.pkcs7.detached")
    lay_out(desk.folder, to_sign, lin)
    pyhanko_signs(desk.folder, LIN.signer)
    desk.is_taken()

    agreement.sign(SOMCHAI)
    other = Desk(screen(width=1280, dark=True), agreement, ALES, tmp_path / "ales")
    other.reserve_and_download(authority.issue("Ales Novik"))
    pdfbox(other.folder, signer=ALES.signer)
    other.is_taken()
    agreement.sign(HOA)
    agreement.countersign()
    agreement.archive()

    trust = format_trust_file(parse_trust_file(download.trust_file(agreement.service)))
    _, bundle = download.evidence(agreement.service, agreement.officer, agreement.agreement)
    report = verify_bundle(bundle, read_trust([trust]), datetime.now(UTC))
    assert report.exit_code == 0, report.problems
    own = [item.signer for item in report.signatures if item.assurance == "own-certificate"]
    assert own == ["LIN Shuyi", "Ales Novik"]

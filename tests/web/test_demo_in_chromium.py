"""The demo as people meet it: links from the terminal, a real Chromium, and the PDF that comes out of it.

With ``PICTURES`` in the environment (``make images``) the README's pictures are taken on the way.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from signing_service import cli
from signing_service.ceremony.browser import Browser
from signing_service.ceremony.signer import Act, sign
from signing_service.evidence.trust import parse_trust_file
from signing_service.workflow.demo import agreement_folder
from tests.cast import PASSWORD
from tests.commands.serving import free_port, running
from tests.web.screen import Screen

IN_CHROMIUM = "Specimen University of the Upper Irrawaddy"  # its native name tries the shaping
PARTIES = tomllib.loads((agreement_folder() / "agreement.toml").read_text())["parties"]
NATIVE_NAMES = [party["native_name"] for party in PARTIES]
DOWNLOADS = {"PDF": "agreement.pdf", "Evidence bundle (ZIP)": "evidence.zip", "Trust file": "trust.json"}
PATIENCE = 100  # looks at the page, until the archive timestamp must be there
PAGE_WIDTH = 1000  # pixels of the signature page's picture


class Demo:
    """The running demo: who has which link."""

    def __init__(self, url: str, printed: str) -> None:
        self.url = url
        self.links: dict[str, str] = {}
        self.names: dict[str, str] = {}
        place = ""
        for line in printed.splitlines():
            if found := re.match(r"^  (\S.*?) {2,}(\S.*)$", line):
                place, self.names[found[1]] = found[1], found[2]
            elif found := re.match(r"^ +(http\S+/invitation#\S+)$", line):
                self.links[place] = found[1]

    def sign_by_program(self, place: str) -> None:
        """Somebody signs whom nobody watches: the same requests and checks as the page's."""
        browser = Browser(self.url, place)
        browser.open("/invitation")
        _, answer = browser.post(
            "/api/invitations/accept", {"token": self.links[place].partition("#")[2], "password": PASSWORD}
        )
        path = re.search(r"/agreements/([a-z2-7]{26})/", browser.open("/agreements/"))
        assert path, answer
        signer = re.search(r'"([a-z-]+:[a-z-]+)"', browser.open(path[0]))
        assert signer
        trust = parse_trust_file(browser.download("/trust.json"))
        sign(
            browser,
            Act(path[1], signer[1], self.names[place], browser.download(f"{path[0]}revisions/0.pdf")),
            PASSWORD,
            trust,
        )
        browser.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    port = free_port()
    with running(tmp_path_factory.mktemp("demo"), "demo", "--port", str(port)) as process:
        yield Demo(f"http://localhost:{port}", process.wait_for("Each link works once"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get("PICTURES") or tmp_path / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def come_in(window: Screen, link: str) -> None:
    window.page.goto(link)
    window.page.get_by_label("Choose a password").fill(PASSWORD)
    window.page.get_by_role("button", name="Continue", exact=True).click()
    expect(window.page.get_by_role("button", name="Sign out")).to_be_visible()


def open_the_only_agreement(window: Screen) -> None:
    window.page.goto("/agreements/")
    window.page.locator("main a[href^='/agreements/']").first.click()
    expect(window.section).to_be_visible()


def test_the_last_representative_signs_an_officer_countersigns_and_the_download_verifies(
    demo: Demo, chromium: Chromium, pictures: Path, tmp_path: Path
) -> None:
    places = [place for place in demo.links if place not in ("Secretariat", IN_CHROMIUM)]
    assert len(places) == 11
    for place in places:
        demo.sign_by_program(place)

    representative = Screen(chromium, demo.url, width=1100, height=820)
    come_in(representative, demo.links[IN_CHROMIUM])
    open_the_only_agreement(representative)
    representative.section.get_by_role("heading", level=2).scroll_into_view_if_needed()
    representative.section.evaluate("section => section.scrollIntoView()")
    representative.page.screenshot(path=pictures / "signing-page.png")
    representative.sign()
    representative.close()

    officer = Screen(chromium, demo.url)
    come_in(officer, demo.links["Secretariat"])
    officer.page.goto("/secretariat/")
    officer.page.get_by_role("link", name="Countersign").click()
    officer.sign()
    for name, file in DOWNLOADS.items():
        download(officer, name, tmp_path / file)
    officer.close()
    judge(tmp_path)
    draw_signature_page(tmp_path / "agreement.pdf", pictures / "signature-page.png")


def download(officer: Screen, name: str, file: Path) -> None:
    """Click on a link of the officer's page once the archive timestamp is there; keep what comes as ``file``."""
    archived = officer.page.get_by_text("Signed, countersigned and archived.")
    for _ in range(PATIENCE):
        officer.page.reload()
        if archived.is_visible():
            break
        officer.page.wait_for_timeout(200)
    expect(archived).to_be_visible()
    link = officer.page.locator("#main").get_by_role("link", name=name, exact=True)
    link.evaluate("link => link.setAttribute('download', '')")  # Chromium shows a PDF otherwise
    with officer.page.expect_download() as started:
        link.click()
    started.value.save_as(file)


def judge(folder: Path) -> None:
    """The downloaded files by poppler and by our verifier."""
    pdf = folder / "agreement.pdf"
    signatures = subprocess.run(["pdfsig", "-nocert", pdf], capture_output=True, text=True, check=True).stdout
    assert signatures.count("Signature is Valid") == len(PARTIES) + 2  # seal, countersignature
    text = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
    for name in NATIVE_NAMES:
        assert "".join(name.split()) in "".join(text.split())
    assert cli.main(["verify", "--trust", str(folder / "trust.json"), str(folder / "evidence.zip")]) == 0


def draw_signature_page(pdf: Path, picture: Path) -> None:
    """Draw the first page with signature boxes, small enough for a README."""
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    pages = [page for page in document if NATIVE_NAMES[0] in page.get_textpage().get_text_bounded()]
    page = pages[-1]
    image = page.render(scale=PAGE_WIDTH / page.get_width(), may_draw_forms=True).to_pil()
    image.quantize(colors=64).save(picture, optimize=True)
    assert image.width == PAGE_WIDTH

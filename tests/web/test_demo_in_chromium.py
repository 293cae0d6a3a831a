"""The whole ceremony as people meet it: links from the terminal, fourteen windows of a real Chromium, the files.

With ``PICTURES`` in the environment (``make images``) the pictures of the documentation are taken on the way.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Route, expect

from signing_service import cli
from signing_service.workflow.demo import agreement_folder
from tests.commands.serving import free_port, running
from tests.web.devices import approve, make_officers_passkey, with_device
from tests.web.photographs import THEMES, Theme, photograph
from tests.web.screen import Screen

IN_CHROMIUM = "Specimen University of the Upper Irrawaddy"  # its native name tries the shaping
PARTIES = tomllib.loads((agreement_folder() / "agreement.toml").read_text())["parties"]
NATIVE_NAMES = [party["native_name"] for party in PARTIES]
DOWNLOADS = {"PDF": "agreement.pdf", "Evidence bundle (ZIP)": "evidence.zip", "Trust file": "trust.json"}
ARCHIVED = """async () => {
  for (let left = 100; left > 0; left -= 1) {
    const page = await (await fetch(location.href)).text();
    if (page.includes("Signed, countersigned and archived.")) return;
    await new Promise((again) => setTimeout(again, 200));
  }
  throw new Error("there is no archive timestamp after twenty seconds");
}"""  # it comes by itself; a promise as a condition to wait for would hold at once
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


def show(window: Screen, name: str, themes: Sequence[Theme] = THEMES) -> None:
    """Take the page's pictures for the documentation, where these are asked for: they cost half a minute."""
    if folder := os.environ.get("PICTURES"):
        photograph(window, name, Path(folder), themes)


@pytest.fixture
def windows(chromium: Chromium, demo: Demo) -> Iterator[Callable[[], Screen]]:
    """Opens windows with cookies and a device of their own; what goes wrong in one of them fails the test."""
    opened: list[Screen] = []

    def open_window() -> Screen:
        opened.append(with_device(Screen(chromium, demo.url, width=1100, height=820)))
        return opened[-1]

    yield open_window
    for window in opened:
        window.close()


def come_in(window: Screen, link: str) -> Screen:
    window.page.goto(link)
    window.page.get_by_role("button", name="Make a passkey and continue").click()
    expect(window.page.get_by_role("button", name="Sign out")).to_be_visible()
    return window


def enrol(window: Screen) -> str:
    """Make the passkey that approves; give the code on the screen."""
    window.page.get_by_role("link", name="Make your approval passkey").click()
    window.page.get_by_role("button", name="Make the approval passkey").click()
    expect(window.page.locator("[data-code]")).not_to_be_empty()
    return window.page.locator("[data-code]").inner_text()


def confirm(officer: Screen, name: str, code: str) -> None:
    card = officer.page.get_by_role("region", name=name, exact=True)
    expect(card.locator("[data-code]")).to_have_text(code)
    card.get_by_label("By video").check()
    card.get_by_role("button", name="The codes are the same").click()
    expect(card.get_by_text("Confirmed; the person is told")).to_be_visible()


def hold(window: Screen, address: str) -> list[Route]:
    """Hold what the window sends there, until it is let go."""
    held: list[Route] = []
    window.page.route(address, lambda route: held.append(route))
    return held


def sign_all_at_once(people: list[Screen]) -> None:
    """Press every button before waiting for any: who has the turn is held up until another is told to wait for it."""
    for person in people:
        person.propose()
        person.stage("approve").get_by_role("checkbox").check()
    held = hold(people[0], "**/signature")
    people[0].stage("approve").locator("button.primary").click()
    expect(people[0].section.locator("[data-moment=timestamp]")).to_have_class("now")
    for person in people[1:]:
        person.stage("approve").locator("button.primary").click()
    for person in people[1:]:
        expect(person.section.locator("[data-live]")).to_contain_text("Others are signing just now")
    held[0].continue_()
    for person in people:
        person.expect_signed()


def test_twelve_enrol_are_confirmed_and_sign_at_once_before_the_hall_and_the_download_verifies(
    demo: Demo, windows: Callable[[], Screen], pictures: Path, tmp_path: Path
) -> None:
    places = [place for place in demo.links if place != "Secretariat"]
    assert len(places) == 12
    officer = make_officers_passkey(come_in(windows(), demo.links["Secretariat"]))
    people = {place: come_in(windows(), demo.links[place]) for place in places}
    codes = {place: enrol(person) for place, person in people.items()}
    assert len(set(codes.values())) == 12
    officer.page.goto("/secretariat/passkeys/")
    for place in places:
        confirm(officer, demo.names[place], codes[place])
    for person in people.values():
        person.page.get_by_role("link", name="Read and sign the agreement").click()

    shown = people[IN_CHROMIUM]
    shown.section.evaluate("section => section.scrollIntoView()")
    shown.page.screenshot(path=pictures / "signing-page.png")
    show(shown, "reading")
    agreement = shown.page.url.split("/")[-2]
    hall = windows()
    hall.page.goto(f"/ceremony/{agreement}")
    expect(hall.page.get_by_text("0 of 12 have signed")).to_be_visible()
    sign_all_at_once(list(people.values()))
    expect(hall.page.get_by_text("12 of 12 have signed")).to_be_visible()
    expect(hall.page.get_by_text("All required signatures are given.")).to_be_visible()

    show(hall, "hall", themes=("dark",))  # it has one
    show(shown, "signed")

    countersign(officer)
    for name, file in DOWNLOADS.items():
        download(officer, name, tmp_path / file)
    judge(tmp_path)
    draw_signature_page(tmp_path / "agreement.pdf", pictures / "signature-page.png")


def countersign(officer: Screen) -> None:
    """Countersign from the dashboard, and see that the archive closes the file."""
    officer.page.goto("/secretariat/")
    show(officer, "dashboard")
    officer.page.get_by_role("link", name="Countersign").click()
    approve(officer.propose()).expect_countersigned()
    officer.page.get_by_role("link", name="Back to the agreement").click()
    officer.page.evaluate(ARCHIVED)
    officer.page.reload()
    show(officer, "following")


def download(officer: Screen, name: str, file: Path) -> None:
    """Click on a link of the officer's page; keep what comes as ``file``."""
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

"""The agreement's web page says the same, word for word, as the PDF that is signed and as the source attached to it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from signing_service.workflow.drafts import create_draft, load_source
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.publication import look, publish
from signing_service.workflow.source_files import specimen
from tests.cast import LIN, NOON
from tests.web.visitor import Visitor
from tests.workflow.world import World

LONGEST_LABEL = 40  # characters between two texts of the source: "Article 12", "3.2", "(a)", a reference spelled out

ODD = """Escaped \\*stars\\* and \\[brackets], *nested **strong** in* emphasis, fish &amp; chips, 1 &lt; 2, caf&eacute;:

1. one, “quoted” and ‘quoted’ and "quoted", 1\u00a0000, coop\u00aderation, long\u200bword;
2. two -- three --- four ...:
   - inner *first*, as [](#purpose/1) and [](#principles) say;
   - inner **second**

have agreed"""  # what an author may write, and a program may read in two ways

CLOSING = "\f"  # what the page draws a line for: the closing words, which the PDF prints above the signatures


class TextOfTheAgreement(HTMLParser):
    """Gathers what stands in <article class="agreement"> below its title."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._inside = self._in_title = False
        self._parts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "hr" and self._inside:
            self._parts.append(CLOSING)
        self._inside = self._inside or (tag == "article" and ("class", "agreement") in attrs)
        self._in_title = self._in_title or tag == "header"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "article"
        self._in_title = self._in_title and tag != "header"

    def handle_data(self, data: str) -> None:
        if self._inside and not self._in_title:
            self._parts.append(data)

    @property
    def parts(self) -> list[str]:
        """The articles with what precedes them, and the closing words."""
        return [letters(part) for part in "".join(self._parts).split(CLOSING)]


def letters(text: str) -> str:
    """The text without line breaks, spaces and soft hyphens, which copying loses and adds; small and capital alike."""
    return re.sub(r"[\s\u200b\u00ad]+", "", text).casefold()


@pytest.fixture
def published(draft: World) -> World:
    """The specimen of twelve parties in two languages, with ODD in its preamble; Lin may read it."""
    service, officer = draft.service, draft.officer
    files = specimen()
    files["en.md"] = files["en.md"].replace(b"have agreed", ODD.encode(), 1)
    agreement = create_draft(service, officer, files)
    with service.database.read() as session:
        signers = load_source(session, agreement)[1].signers()
    for signer in signers:
        give_mandate(service, officer, agreement, signer.id, draft.ids[LIN], Authority("Council", NOON.date()))
    publish(service, officer, agreement, look(service, agreement))
    draft.agreement = agreement
    return draft


def page_and_pdf(visit: Callable[..., Visitor], world: World, language: str) -> tuple[list[str], bytes]:
    lin = visit(LIN)
    page = lin.get(f"/agreements/{world.agreement}/?text={language}").text
    return TextOfTheAgreement(page).parts, lin.get(f"/agreements/{world.agreement}/agreement.pdf").data


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_what_is_printed_in_the_pdf_word_for_word(
    visit: Callable[..., Visitor], published: World, tmp_path: Path, language: str
):
    (articles, closing), pdf = page_and_pdf(visit, published, language)
    (tmp_path / "agreement.pdf").write_bytes(pdf)
    command = ["pdfinfo", "-struct-text", str(tmp_path / "agreement.pdf")]
    tagged = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    printed = letters("".join(re.findall(r'^ *"(.*)"$', tagged, re.MULTILINE)))  # without heads and feet of pages
    assert len(articles) > 3000
    assert articles in printed
    assert closing in printed


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_what_the_source_attached_to_the_pdf_says(
    visit: Callable[..., Visitor], published: World, language: str
):
    parts, pdf = page_and_pdf(visit, published, language)
    page = "".join(parts)
    with pikepdf.open(BytesIO(pdf)) as opened:
        markdown = opened.attachments[f"{language}.md"].get_file().read_bytes().decode()
    at = 0
    for text in texts_of(markdown):
        found = page.find(text, at)
        assert found >= 0, f"{text} is not on the page, or not in its place"
        assert found - at <= LONGEST_LABEL, f"{page[at:found]} is on the page and not in the source"
        at = found + len(text)
    assert at == len(page), f"{page[at:]} is on the page and not in the source"


def texts_of(markdown: str) -> list[str]:
    """The words of the source between numbers and references, read by nothing of the service."""
    found = []
    for line in markdown.splitlines():
        words = re.sub(r"\{#[\w-]+\}|(?<!\\)\*|^---$|^ *(?:##|\d+\.|-) ", "", line)
        plain = unescape(re.sub(r"\\([*\[])", r"\1", words))
        found += [letters(part) for part in re.split(r"\[\]\([^)]*\)", plain)]
    return [text for text in found if text]

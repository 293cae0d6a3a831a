"""Titles, names and words longer than anybody planned for: printed whole, over no edge and no other line."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from signing_service.agreement.source import Source, parse_source
from signing_service.errors import LimitError
from signing_service.pdf.pictures import count_pages
from signing_service.pdf.rendering import render_base
from tests.agreement import alliance
from tests.pdf.tagging import faults
from tests.pdf.test_printed_text import wrapped

TITLE = (
    "Convention on the Establishment of an Interdisciplinary Consortium for Agricultural and Environmental "
    "Biotechnology among the Universities of the Northern and Southern Hemispheres"
)
RUSSIAN = (
    "Федеральное государственное автономное образовательное учреждение высшего образования «Образцовый национальный "
    "исследовательский университет информационных технологий»"
)
GERMAN = "Rechtswissenschaftlichwirtschaftswissenschaftlichesozialwissenschaftliche Hochschule"
ROLE = "Vice-Rector for International Cooperation, Interdisciplinary Research and Postgraduate Education"
HEADING = "Scope and administrative arrangements of the consortium, its organs, its members and its many observers"
PAPERS = {"A4": (595, 842, 84, 66), "Letter": (612, 792, 90, 72)}  # width, height, margins left and right


@cache
def long(paper: str, times: int = 1) -> Source:
    files = alliance.files(en=("## Principles", f"## {HEADING}"))
    toml = files["agreement.toml"].decode().replace('paper = "A4"', f'paper = "{paper}"')
    changes = {
        'en = "12 Countries, 12 Universities International Alliance Agreement"': f'en = "{TITLE}"',
        'reference = "12C12U/2025"': 'reference = "INTERDISCIPLINARY-BIOTECHNOLOGY-CONSORTIUM/2025/077"',
        "Университет-образец на Неве": RUSSIAN,
        "Universiti Spesimen Selat Melaka": GERMAN,
        'title = { en = "Rector", zh = "校长" }': f'title = {{ en = "{" ".join([ROLE] * times)}", zh = "校长" }}',
    }
    for old, new in changes.items():
        assert old in toml, old
        toml = toml.replace(old, new)
    return parse_source({**files, "agreement.toml": toml.encode()})


@pytest.fixture(scope="module", params=sorted(PAPERS))
def printed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    source = long(request.param)
    path: Path = tmp_path_factory.mktemp("long") / "base.pdf"
    path.write_bytes(render_base(source, source.terms(alliance.AGREEMENT), verification_url="https://sign.example.org"))
    return request.param, path


def words_of(path: Path) -> list[tuple[float, float, float, float, str]]:
    done = subprocess.run(["pdftotext", "-bbox", str(path), "-"], capture_output=True, text=True, check=True)
    box = r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*)</word>'
    found = re.findall(box, done.stdout)
    return [(float(one), float(two), float(three), float(four), text) for one, two, three, four, text in found]


def test_no_word_stands_outside_the_margins(printed):
    width, height, left, right = PAPERS[printed[0]]
    for x0, y0, x1, y1, text in words_of(printed[1]):
        assert left - 6 <= x0 < x1 <= width - right + 6, text
        assert 20 <= y0 < y1 <= height - 20, text


def test_running_heads_do_not_run_into_each_other(printed):
    done = subprocess.run(["pdftotext", "-layout", str(printed[1]), "-"], capture_output=True, text=True, check=True)
    heads = [page.lstrip("\n").split("\n")[0] for page in done.stdout.split("\x0c")[1:-1]]
    assert all(re.search(r"\S…\s{2,}INTERDIS\S*…?\s+·\s+Version 1\.0$", head) for head in heads if "Version" in head)
    assert sum("Version" in head for head in heads) > 8


def test_everything_is_printed_whole(printed):
    done = subprocess.run(["pdftotext", "-raw", str(printed[1]), "-"], capture_output=True, text=True, check=True)
    for text, times in ((TITLE, 2), (RUSSIAN, 2), (GERMAN, 2), (HEADING, 2), (ROLE, 8)):
        assert len(wrapped(text).findall(done.stdout)) >= times, text


def test_the_cover_stays_one_page_and_tags_stay_right(printed):
    first = subprocess.run(["pdftotext", "-l", "1", str(printed[1]), "-"], capture_output=True, text=True, check=True)
    assert alliance.AGREEMENT in first.stdout
    assert faults(printed[1].read_bytes()) == []
    assert count_pages(printed[1].read_bytes()) < 30


def test_the_heads_of_the_schedule_stand_above_it_on_each_of_its_pages(printed):
    done = subprocess.run(["pdftotext", "-raw", str(printed[1]), "-"], capture_output=True, text=True, check=True)
    pages = [page for page in done.stdout.split("\x0c") if "Signs through" in page]
    assert len(pages) >= 2
    assert ["Schedule of Parties" in page for page in pages] == [True, *[False] * (len(pages) - 1)]


def test_what_does_not_fit_on_a_page_is_refused_and_the_party_is_named():
    source = long("Letter", times=16)
    with pytest.raises(LimitError, match=r"Specimen University.* do not fit on one page"):
        render_base(source, source.terms(alliance.AGREEMENT))

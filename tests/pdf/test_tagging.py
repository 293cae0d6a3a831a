"""Tags: every printed thing has its place in the structure, and a judge of our own finds what is planted."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from io import BytesIO

import pikepdf
import pytest
from pikepdf import Dictionary, Name, String

from signing_service.pdf.fonts import find_fonts, open_fonts
from signing_service.pdf.rendering import render_base
from signing_service.pdf.rendering.rows import text_rows
from signing_service.pdf.rendering.segments import Shaper, Span
from signing_service.pdf.rendering.structure import Element
from signing_service.pdf.rendering.styles import BODY
from tests.agreement import alliance
from tests.pdf.assembly import in_languages, of_parties
from tests.pdf.tagging import faults
from tests.pdf.test_rendering import demo, elements

Change = Callable[[pikepdf.Pdf], object]


def test_nothing_is_wrong_with_the_demo_s_tags():
    assert faults(demo()) == []


@pytest.mark.parametrize("language", ["th", "km", "my", "zh-Hant", "ru"])
def test_nor_with_those_of_other_scripts(language):
    source = in_languages(language)
    assert faults(render_base(source, source.terms(alliance.AGREEMENT))) == []


def test_nor_with_those_of_forty_parties_on_letter_paper():
    source = of_parties(40, "Letter")
    assert faults(render_base(source, source.terms(alliance.AGREEMENT))) == []


def first(pdf: pikepdf.Pdf, kind: str) -> pikepdf.Object:
    return elements(pdf.Root.StructTreeRoot.K[0], kind)[0]


def on_first_page(operators: bytes) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].contents_add(pdf.make_stream(operators))

    return change


def without(kind: str, key: str) -> Change:
    return lambda pdf: first(pdf, kind).__delitem__(key)


def annotation(pdf: pikepdf.Pdf, subtype: str) -> pikepdf.Object:
    return next(one for page in pdf.pages for one in page.obj.get("/Annots", []) if one.Subtype == subtype)


def two_links_changed_places(pdf: pikepdf.Pdf) -> None:
    one, two = (link.K[1] for link in elements(pdf.Root.StructTreeRoot.K[0], "Link")[:2])
    one.Obj, two.Obj = two.Obj, one.Obj


def with_a_link_outside_the_tree(pdf: pikepdf.Pdf) -> None:
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Contents=String("away"), Rect=[0, 0, 9, 9])
    pdf.pages[1].obj.Annots.append(pdf.make_indirect(link))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (on_first_page(b"0 0 9 9 re f"), "01-005 page 1: f outside"),
        (on_first_page(b"/P <</MCID 99>> BDC 0 0 9 9 re f EMC"), r"page 1: content \[99\]"),
        (on_first_page(b"/Artifact BMC /P <</MCID 0>> BDC EMC EMC"), "01-004 page 1"),
        (on_first_page(b"/P <</MCID 0>> BDC /Artifact BMC EMC EMC"), "01-003 page 1"),
        (lambda pdf: pdf.Root.MarkInfo.__setitem__("/Suspects", True), "01-007"),
        (lambda pdf: first(pdf, "H2").__setitem__("/S", Name.Heading), "02-001 /Heading"),
        (lambda pdf: pdf.Root.__delitem__("/ViewerPreferences"), "07-001"),
        (lambda pdf: pdf.Root.__delitem__("/Lang"), "11-006"),
        (lambda pdf: first(pdf, "TD").__setitem__("/S", Name.LI), "09-004 /LI directly in /TR"),
        (without("Figure", "/Alt"), "13-004"),
        (lambda pdf: first(pdf, "H1").__setitem__("/S", Name.P), "14-003 H2 after H0"),
        (without("TH", "/A"), "15-003"),
        (without("L", "/A"), "16-001"),
        (lambda pdf: pdf.pages[1].obj.__delitem__("/Tabs"), "28-009 page 2"),
        (lambda pdf: first(pdf, "Form").__setitem__("/S", Name.P), "28-011 .* /Widget not in /Form"),
        (with_a_link_outside_the_tree, "28-011 page 2: /Link not in /Link"),
        (lambda pdf: annotation(pdf, "/Link").__delitem__("/Contents"), "28-005 page 2: /Link"),
        (lambda pdf: annotation(pdf, "/Widget").__delitem__("/TU"), "28-005 .*/Widget"),
        (two_links_changed_places, "parent tree leads /Link elsewhere"),
    ],
)
def test_the_judge_finds_what_is_planted(change: Change, found: str):
    with pikepdf.open(BytesIO(demo())) as pdf:
        change(pdf)
        buffer = BytesIO()
        pdf.save(buffer)
    assert any(re.search(found, fault) for fault in faults(buffer.getvalue()))


def test_the_document_is_tagged_with_headings_lists_tables_and_fields():
    with pikepdf.open(BytesIO(demo())) as pdf:
        root = pdf.Root.StructTreeRoot.K[0]
        kinds = ("H1", "H2", "LI", "TR", "TH", "TD", "TOCI", "Form", "Figure")
        counts = {kind: len(elements(root, kind)) for kind in kinds}
        languages = {str(section.get("/Lang", "")) for section in elements(root, "Sect")}
    assert counts == {
        "H1": 5, "H2": 53, "LI": 50, "TR": 13, "TH": 15, "TD": 37, "TOCI": 42, "Form": 22, "Figure": 1,
    }  # fmt: skip
    assert {"en", "zh"} <= languages


def test_every_reference_in_the_text_is_a_link_that_says_where_it_leads():
    with pikepdf.open(BytesIO(demo())) as pdf:
        links = [one for page in pdf.pages for one in page.obj.get("/Annots", []) if one.Subtype == "/Link"]
        words = [str(link.Contents) for link in links]
        assert len(elements(pdf.Root.StructTreeRoot.K[0], "Link")) <= len(links)
    assert "Article 1 Establishment and purpose, 3" in words
    assert "Article 15" in words
    assert "第十五条" in words


def test_a_reader_of_the_structure_hears_words_apart(tmp_path):
    (tmp_path / "base.pdf").write_bytes(demo())
    heard = subprocess.run(
        ["pdfinfo", "-struct-text", "base.pdf"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert '"12 Countries, 12 Universities International Alliance Agreement"' in heard
    assert '"ARTICLE 4 Exchange and joint training"' in heard
    assert '"3.2 Each member:"' in heard
    assert "held in Nanjing on 11 April 2025, at which" in heard


def test_a_reference_that_a_line_s_end_cuts_in_two_is_one_link_with_all_its_words():
    shaper = Shaper(open_fonts(find_fonts(os.environ)))
    spans = [Span("as set out in ", BODY), Span("Article 15", BODY, "en:accession"), Span(" and later", BODY)]
    narrow = text_rows(shaper, spans, BODY, 0, 90, Element("P"))
    cut = [row.references[0] for row in narrow if row.references]
    assert len(cut) == 2
    assert cut[0] is cut[1]
    assert cut[0].words.strip() == "Article 15"
    wide = text_rows(shaper, spans, BODY, 0, 400, Element("P"))
    assert [reference.words.strip() for reference in wide[0].references] == ["Article 15"]

"""The base: the format that deltas stand on, the same bytes every time, and what archives ask of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from io import BytesIO

import pikepdf
import pikepdf.pdfa
import pytest

from signing_service.agreement.terms import ARCHIVE_FIELDS, Terms
from signing_service.encoding import sha256_hex
from signing_service.errors import LimitError
from signing_service.pdf.layout import read_layout
from signing_service.pdf.rendering import render_base
from signing_service.verify.base import read_base
from tests.agreement import alliance
from tests.pdf.assembly import in_languages, of_parties

URL = "https://sign.example.org/verify"


@cache
def demo() -> bytes:
    return render_base(alliance.source(), alliance.terms(), verification_url=URL)


def opened(base: bytes) -> pikepdf.Pdf:
    return pikepdf.open(BytesIO(base))


def test_a_base_is_what_deltas_and_the_verifier_expect():
    base = read_base(demo())
    layout = read_layout(demo(), contents_size=8192)
    assert set(layout.fields) == set(base.fields) == set(alliance.terms().field_names())
    assert base.terms == alliance.terms().to_json()
    assert layout.dss == base.dss


def test_every_field_has_a_place_on_paper_or_none_at_all():
    layout = read_layout(demo(), contents_size=8192)
    for name, slot in layout.fields.items():
        hidden = name == "seal" or name in ARCHIVE_FIELDS
        assert (slot.width, slot.height) == (("0", "0") if hidden else ("427", "74")), name


def test_qpdf_finds_nothing_to_complain_of(tmp_path):
    (tmp_path / "base.pdf").write_bytes(demo())
    done = subprocess.run(["qpdf", "--check", "base.pdf"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_source_gives_the_same_bytes_in_a_fresh_process_of_another_time_zone_and_hash_seed():
    program = (
        "from tests.pdf.test_rendering import demo; from signing_service.encoding import sha256_hex; "
        "print(sha256_hex(demo()))"
    )
    for seed, zone in (("1", "Asia/Yangon"), ("2", "America/St_Johns")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == sha256_hex(demo())


def test_rendering_something_else_in_between_changes_nothing():
    in_between = in_languages("km", "my")
    render_base(in_between, in_between.terms(alliance.AGREEMENT))
    assert render_base(alliance.source(), alliance.terms(), verification_url=URL) == demo()


def test_another_id_gives_another_document():
    other = alliance.source().terms("b" * 26)
    assert render_base(alliance.source(), other, verification_url=URL) != demo()


def judged_as_pdfa(base: bytes) -> pikepdf.pdfa.Report:
    """pikepdf's judge on a copy whose widgets are stamps and which has no form, as it does not judge forms."""
    pdf = opened(base)
    for page in pdf.pages:
        for annotation in page.obj.get("/Annots", []):
            if annotation.Subtype == "/Widget":
                annotation.Subtype = pikepdf.Name.Stamp
                for key in ("/FT", "/T", "/TU"):
                    del annotation[key]
    for key in ("/AcroForm", "/Perms", "/DSS"):
        del pdf.Root[key]
    return pikepdf.pdfa.check(pdf, "3b")


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_base_is_pdf_a_3b(paper):
    source = of_parties(3, paper)
    report = judged_as_pdfa(render_base(source, source.terms(alliance.AGREEMENT), verification_url=URL))
    assert [finding.message for finding in report.findings] == []


def test_every_script_is_pdf_a_3b():
    source = in_languages("th", "km", "lo", "my", "ru", "vi", "kk", "zh-Hant")
    report = judged_as_pdfa(render_base(source, source.terms(alliance.AGREEMENT)))
    assert [finding.message for finding in report.findings] == []


def test_source_terms_and_recipe_are_attached():
    with opened(demo()) as pdf:
        files = {name: attached.get_file().read_bytes() for name, attached in pdf.attachments.items()}
        relations = {str(file.UF): str(file.AFRelationship) for file in pdf.Root.AF}
    assert {name: files[name] for name in alliance.NAMES} == alliance.files()
    assert Terms.from_json(files["terms.json"]) == alliance.terms()
    recipe = json.loads(files["rendering.json"])
    assert recipe["verification_url"] == URL
    assert recipe["libraries"]["reportlab"]
    assert all(len(digest) == 64 for digest in recipe["fonts"].values())
    assert relations["en.md"] == "/Source"
    assert relations["terms.json"] == "/Data"


def test_title_language_and_outline_lead_through_the_document():
    with opened(demo()) as pdf:
        assert str(pdf.docinfo["/Title"]) == alliance.terms().title["en"]
        assert str(pdf.Root.Lang) == "en"
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_outline() as outline:
            tops = [item.title for item in outline.root]
            articles = [len(item.children) for item in outline.root]
        metadata = pdf.Root.Metadata.read_bytes().decode()
    assert tops == [
        "12 Countries, 12 Universities International Alliance Agreement",
        "English  ·  12 Countries, 12 Universities International Alliance Agreement",
        "中文  ·  十二国十二校国际联盟协定",
        "Schedule of Parties  ·  缔约方名录",
        "Signatures  ·  签署页",
    ]
    assert articles == [0, 19, 19, 0, 0]
    assert '<rdf:li xml:lang="zh">十二国十二校国际联盟协定</rdf:li>' in metadata


def elements(node: pikepdf.Object | None, kind: str) -> list[pikepdf.Object]:
    if not isinstance(node, pikepdf.Dictionary) or "/S" not in node:
        return []
    kids = node.get("/K")
    inner = [found for kid in (kids if isinstance(kids, pikepdf.Array) else [kids]) for found in elements(kid, kind)]
    return [node, *inner] if f"/{kind}" == node.S else inner


def test_links_lead_to_pages_of_the_document():
    with opened(demo()) as pdf:
        pages = [page.obj.objgen for page in pdf.pages]
        links = [one for page in pdf.pages for one in page.obj.get("/Annots", []) if one.Subtype == "/Link"]
        assert len(links) > 42
        assert all(link.Dest[0].objgen in pages and int(link.F) == 4 for link in links)


def test_every_font_is_embedded_and_no_javascript_or_optional_content_is_in_it():
    with opened(demo()) as pdf:
        fonts = [one for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/Font"]
        assert {str(font.Subtype) for font in fonts} == {"/Type0", "/CIDFontType2"}
        assert all("/FontFile2" in font.FontDescriptor for font in fonts if font.Subtype == "/CIDFontType2")
        assert not {"/OpenAction", "/AA", "/OCProperties"} & set(pdf.Root.keys())


def test_a_corrected_version_prints_what_it_supersedes(tmp_path):
    corrected = alliance.source().terms(alliance.AGREEMENT, "ab" * 32)
    (tmp_path / "base.pdf").write_bytes(render_base(alliance.source(), corrected))
    done = subprocess.run(
        ["pdftotext", "-l", "1", "base.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "ab" * 32 in done.stdout


def test_an_address_that_no_camera_could_read_is_refused():
    with pytest.raises(LimitError, match="longer than 200"):
        render_base(alliance.source(), alliance.terms(), verification_url="https://" + "a" * 200)


def test_twelve_parties_weigh_less_than_400_kilobytes():
    assert len(demo()) < 400 * 1024

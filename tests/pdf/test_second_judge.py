"""PDF/A by a second judge: Apache Preflight finds nothing but what part 3 of ISO 19005 allows over part 1."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from signing_service.pdf.appearance import TypedMark
from signing_service.pdf.rendering import render_base
from signing_service.pdf.seal_image import read_seal
from tests.agreement import alliance
from tests.pdf.assembly import in_languages, of_parties
from tests.pdf.preflight import findings
from tests.pdf.test_appearance import NAMES, SOPHEA, on_paper
from tests.pdf.test_marks import drawn_by_hand, png
from tests.pdf.test_rendering import demo

KHMER = NAMES["Khmer, stacked"]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """One run over everything: Java takes seconds to start."""
    folder: Path = tmp_path_factory.mktemp("judged")
    scripts, small = in_languages("th", "km", "lo", "my", "ru", "vi", "zh-Hant", repeat=2), of_parties(3, "Letter")
    files = {
        "base": demo(),
        "letter": render_base(small, small.terms(alliance.AGREEMENT)),
        "scripts": render_base(scripts, scripts.terms(alliance.AGREEMENT)),
        "typed": on_paper(replace(SOPHEA, native_name=KHMER, mark=TypedMark(KHMER))),
        "drawn": on_paper(replace(SOPHEA, mark=drawn_by_hand())),
        "seal": on_paper(replace(SOPHEA, mark=read_seal(png()))),
        "script-in-it": _changed(lambda pdf: pdf.Root.__setitem__("/OpenAction", _script())),
        "no-profile": _changed(lambda pdf: pdf.Root.__delitem__("/OutputIntents")),
    }
    for name, data in files.items():
        (folder / f"{name}.pdf").write_bytes(data)
    return findings(folder)


def _script() -> pikepdf.Dictionary:
    return pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))


def _changed(change: object) -> bytes:
    assert callable(change)
    with pikepdf.open(BytesIO(demo())) as pdf:
        change(pdf)
        buffer = BytesIO()
        pdf.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["base", "letter", "scripts", "typed", "drawn", "seal"])
def test_preflight_has_nothing_against_base_and_signed_files(name, judged):
    assert judged[f"{name}.pdf"] == []


def test_preflight_finds_what_is_planted(judged):
    assert any("JavaScript" in finding for finding in judged["script-in-it.pdf"])
    assert any("2.4.3" in finding for finding in judged["no-profile.pdf"])

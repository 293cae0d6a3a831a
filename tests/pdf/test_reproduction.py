"""Reproducing: the attached source gives the unsigned bytes again, or it is said what does not."""

from __future__ import annotations

import os
import zlib
from dataclasses import replace
from io import BytesIO

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.commands import reproduce as command
from signing_service.errors import FormatError, InputError, LimitError, UsageError
from signing_service.pdf.fonts import Fonts, find_fonts, open_fonts
from signing_service.pdf.rendering import provenance
from signing_service.pdf.rendering.reproduction import base_of, reproduce
from tests.pdf.test_appearance import SOPHEA, on_paper
from tests.pdf.test_rendering import demo


def fonts() -> Fonts:
    return open_fonts(find_fonts(os.environ))


def test_a_signed_agreement_is_made_again_byte_for_byte():
    signed = on_paper(SOPHEA)
    assert base_of(signed) == demo()
    made = reproduce(signed, fonts())
    assert made.verdict == "PASSED"
    assert made.base_sha256 == made.rebuilt_sha256


def test_other_libraries_leave_the_matter_open_and_are_named(monkeypatch):
    monkeypatch.setattr(provenance, "version", lambda name: "9.9" if name == "reportlab" else "1.0")
    made = reproduce(demo(), fonts())
    assert made.verdict == "INDETERMINATE"
    assert any(difference.startswith("reportlab: made with") for difference in made.differences)


def test_other_fonts_leave_the_matter_open_and_are_named(monkeypatch):
    monkeypatch.setattr(Fonts, "fingerprints", lambda _: {"serif": "ab" * 32})
    made = reproduce(demo(), fonts())
    assert made.verdict == "INDETERMINATE"
    assert any(difference.startswith("han: made with") for difference in made.differences)


def changed(change) -> bytes:
    """The demo's base with something changed by pikepdf, written as a base is."""
    buffer = BytesIO()
    with pikepdf.open(BytesIO(demo())) as pdf:
        change(pdf)
        pdf.save(buffer, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return buffer.getvalue()


def test_a_word_changed_on_a_page_fails():
    def alter(pdf: pikepdf.Pdf) -> None:
        page = pdf.pages[2].obj
        page.Contents = pdf.make_stream(page.Contents.read_bytes().replace(b"0.07 0.13 0.33 rg", b"0.33 0.13 0.07 rg"))

    made = reproduce(changed(alter), fonts())
    assert made.verdict == "FAILED"
    assert "other bytes" in made.reason


def test_terms_that_are_not_those_of_the_source_fail():
    def alter(pdf: pikepdf.Pdf) -> None:
        terms = pdf.attachments["terms.json"].get_file().read_bytes()
        file = next(one for one in pdf.Root.AF if one.UF == "terms.json")
        file.EF.F.write(terms.replace(b'"version":"1.0"', b'"version":"1.1"'))

    made = reproduce(changed(alter), fonts())
    assert (made.verdict, made.reason) == ("FAILED", "the attached terms are not those of the attached source")


def test_the_same_content_in_another_compression_leaves_the_matter_open():
    def recompress(pdf: pikepdf.Pdf) -> None:
        stream = pdf.pages[2].obj.Contents
        stream.write(stream.read_bytes())

    loose = changed(recompress)
    assert loose != demo()
    assert reproduce(loose, fonts()).verdict in ("INDETERMINATE", "FAILED")


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7\n", b"startxref\n9\n%%EOF\n", demo()[:-1], b"xref\ntrailer\nstartxref\n0\n%%EOF\n"]
)
def test_what_is_no_agreement_is_refused(data):
    with pytest.raises(FormatError):
        reproduce(data, fonts())


def test_a_pdf_of_somebody_else_is_refused_by_name():
    buffer = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(buffer)
    with pytest.raises(FormatError, match=r"no attachment rendering\.json"):
        reproduce(buffer.getvalue(), fonts())


@given(st.integers(0, 10**9), st.integers(1, 255))
def test_a_damaged_file_never_ends_in_a_traceback(place, flip):
    damaged = bytearray(on_paper(SOPHEA)[-60_000:])
    damaged[place % len(damaged)] ^= flip
    try:
        base_of(bytes(damaged))
    except InputError as error:
        assert error.message  # noqa: PT017


def test_the_command_says_passed_and_exits_0(tmp_path, capsys):
    path = tmp_path / "agreement.pdf"
    path.write_bytes(demo())
    assert command.main([str(path)]) == 0
    assert capsys.readouterr().out.startswith("PASSED: the attached source gives exactly these bytes")
    with pytest.raises(UsageError, match="cannot be read"):
        command.main([str(tmp_path / "none.pdf")])


def test_a_reproduction_is_a_value():
    made = reproduce(demo(), fonts())
    assert replace(made) == made


def test_an_attachment_that_unpacks_without_end_is_refused_before_it_does():
    def swell(pdf: pikepdf.Pdf) -> None:
        stream = next(one.EF.F for one in pdf.Root.AF if one.UF == "en.md")
        stream.write(zlib.compress(bytes(100 * 1024 * 1024), 1), filter=pikepdf.Name.FlateDecode)

    with pytest.raises(LimitError, match=r"the attachment en\.md is larger than"):
        reproduce(changed(swell), fonts())


def test_a_page_that_unpacks_without_end_fails_without_being_unpacked():
    def swell(pdf: pikepdf.Pdf) -> None:
        stream = pdf.pages[0].Contents
        stream.write(zlib.compress(bytes(100 * 1024 * 1024), 1), filter=pikepdf.Name.FlateDecode)

    assert reproduce(changed(swell), fonts()).verdict == "FAILED"

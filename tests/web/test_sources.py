"""A text of the secretariat's own: from the specimen, as files or as a ZIP, with mistakes shown where they stand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest
from werkzeug.test import TestResponse

from signing_service.agreement.source import parse_source
from signing_service.workflow.source_files import to_zip
from tests.cast import LIN, OFFICER
from tests.web.visitor import Visitor
from tests.workflow.world import World, source

Visit = Callable[..., Visitor]
NEW = "/secretariat/agreements/new/files"


@pytest.fixture
def officer(visit: Visit, draft: World) -> Visitor:
    return visit(OFFICER)


def url(world: World, rest: str = "") -> str:
    return f"/secretariat/agreements/{world.agreement}/{rest}"


def unpack(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(method: int) -> bytes:
    """The source in a ZIP of some compression."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in source().items():
            archive.writestr(name, content)
    return data.getvalue()


def understated(data: bytes) -> bytes:
    """A ZIP whose directory says that its first member unpacks to 1,000 bytes."""
    at = data.rfind(b"PK\x01\x02")
    return data[: at + 24] + (1000).to_bytes(4, "little") + data[at + 28 :]


def bring(officer: Visitor, path: str, *files: tuple[str, bytes]) -> TestResponse:
    officer.get(path)
    answer: TestResponse = officer.submit(path, files=[(BytesIO(data), name) for name, data in files])
    return answer


def test_the_specimen_is_saved_and_can_be_read(officer: Visitor):
    assert "/secretariat/specimen.zip" in officer.get(NEW).text
    files = unpack(officer.get("/secretariat/specimen.zip").data)
    assert sorted(files) == ["agreement.toml", "en.md", "zh.md"]
    assert parse_source(files).languages == ("en", "zh")


def test_one_click_makes_a_draft_of_the_specimen(officer: Visitor):
    officer.get(NEW)
    answer = officer.submit("/secretariat/agreements/specimen")
    assert answer.status_code == 303
    page = officer.get(answer.headers["Location"]).text
    assert "12C12U/2025" in page
    assert "The specimen is a draft now." in page


def test_a_zip_stands_for_the_files_in_it_whatever_folder_they_are_in(officer: Visitor):
    packed = to_zip({f"agreement/{name}": data for name, data in source().items()} | {"__MACOSX/._en.md": b"x"})
    answer = bring(officer, NEW, ("mine.zip", packed))
    assert answer.status_code == 302
    assert "Test Agreement" in officer.get(answer.headers["Location"]).text


def test_the_present_files_go_out_are_changed_and_come_in_again(officer: Visitor, draft: World):
    files = unpack(officer.get(url(draft, "source.zip")).data)
    assert files == source()
    files["en.md"] = files["en.md"].replace(b"an alliance", b"a lasting alliance")
    assert bring(officer, url(draft, "files"), ("mine.zip", to_zip(files))).status_code == 302
    assert unpack(officer.get(url(draft, "source.zip")).data) == files


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "line"),
    [
        ("en.md", b"The Parties establish an alliance.", b"<b>bold</b>", "en.md:5", "&lt;b&gt;bold&lt;/b&gt;"),
        (
            "agreement.toml",
            b'country = "TH"',
            b'country = "Thailand"',
            "agreement.toml:",
            "country = &#34;Thailand&#34;",
        ),
        ("agreement.toml", b'version = "1.0"', b"version = ", "agreement.toml:2", "version ="),
    ],
)
def test_a_mistake_is_told_with_file_and_line_and_the_line_itself(
    officer: Visitor, draft: World, name: str, old: bytes, new: bytes, place: str, line: str
):
    files = source()
    assert old in files[name]
    files[name] = files[name].replace(old, new)
    answer = bring(officer, url(draft, "files"), *files.items())
    assert answer.status_code == 400
    assert place in answer.text
    assert line in answer.text
    assert unpack(officer.get(url(draft, "source.zip")).data) == source(), "nothing was changed"


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ([("mine.zip", b"PK no zip")], "is not a ZIP file that can be read"),
        ([("mine.zip", packed(zipfile.ZIP_LZMA))], "is not a ZIP file that can be read"),
        ([("mine.zip", packed(zipfile.ZIP_LZMA)[:-400])], "is not a ZIP file that can be read"),
        ([("mine.zip", understated(to_zip({"en.md": bytes(8 * 1024 * 1024)})))], "is not a ZIP file that can be read"),
        ([("mine.zip", to_zip(source())), ("en.md", b"x")], "en.md is there twice"),
        ([("mine.zip", to_zip({"en.md": bytes(3 * 1024 * 1024)}))], "holds more than"),
        ([("mine.zip", to_zip({f"{n}.md": b"x" for n in range(65)}))], "holds more than"),
        ([("mine.zip", to_zip({}))], "No file was chosen."),
        ([("en.md", b"x")], "agreement.toml is missing"),
        ([*source().items(), ("fr.md", b"x")], "fr.md is not a file of this agreement"),
    ],
)
def test_what_is_no_source_is_refused_with_the_reason(officer: Visitor, files: list[tuple[str, bytes]], complaint: str):
    answer = bring(officer, NEW, *files)
    assert answer.status_code in (400, 413)
    assert complaint in answer.text


@pytest.mark.parametrize(
    "given",
    [
        ("en.docx", b"PK\x03\x04 made by a word processor"),
        ("en.md", b"PK\x03\x04 made by a word processor"),
        ("en.md", b"%PDF-1.7"),
        ("agreement.pdf", b"%PDF-1.7"),
        ("text.rtf", b"anything"),
        ("all.zip", to_zip({"en.doc": b"\xd0\xcf\x11\xe0"})),
    ],
)
def test_of_a_word_processor_s_document_it_is_told_what_to_do_and_where_the_form_is(
    officer: Visitor, given: tuple[str, bytes]
):
    files = {name: data for name, data in source().items() if name != given[0]}
    answer = bring(officer, NEW, *files.items(), given)
    assert answer.status_code == 400
    assert "is a PDF or a document of Word" in answer.text
    assert "copy the text out of it into the form" in answer.text.lower()
    assert 'href="/secretariat/agreements/new"' in answer.text


def test_a_published_agreement_s_files_stay_and_are_the_start_of_a_corrected_version(officer: Visitor, draft: World):
    draft.publish()
    assert bring(officer, url(draft, "files"), *source().items()).status_code == 409
    assert url(draft, "source.zip") in officer.get(url(draft, "correction")).text
    packed = officer.get(url(draft, "source.zip")).data
    answer = bring(officer, url(draft, "correction"), ("mine.zip", packed))
    assert "A corrected version" in officer.get(answer.headers["Location"]).text


def test_representatives_get_none_of_it(visit: Visit, draft: World):
    lin = visit(LIN)
    assert lin.get("/secretariat/specimen.zip").status_code == 404
    assert lin.get(url(draft, "source.zip")).status_code == 404
    assert lin.submit("/secretariat/agreements/specimen").status_code == 404

"""An agreement's source files on their way in and out: single files or one ZIP, and the specimen to begin with."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from signing_service.errors import FormatError, InputError, LimitError
from signing_service.store import agreements
from signing_service.workflow.demo import agreement_folder, read_source
from signing_service.workflow.login import require_officer
from signing_service.workflow.service import Service

MAX_FILES = 64
MAX_BYTES = 2 * 1024 * 1024  # of all files together, unpacked

_PLACE = re.compile(r"(?P<file>[\w.-]+):(?P<line>[0-9]+): ")
_DOCUMENTS = (".pdf", ".docx", ".doc", ".odt", ".rtf", ".pages", ".wps")
_BEGINNINGS = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf")  # PDF; .docx, .odt, .pages; .doc, .wps; RTF
_COMPRESSIONS = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that ZIP can write


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The line that an error speaks of."""

    file: str
    line: int
    text: str


def collect(uploads: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """The files by name; a ZIP among them stands for what it holds, whatever folder that is in.

    Raises InputError where there is none or one twice, FormatError on a ZIP that cannot be read and on a PDF or a word
    processor's document, LimitError.
    """
    files: dict[str, bytes] = {}
    for name, data in uploads:
        members = _unpack(name, data) if name.lower().endswith(".zip") else [(name, data)]
        for member, content in members:
            _check_text(member, content)
            if member in files:
                raise InputError("%(file)s is there twice", file=member)
            files[member] = content
    if not files:
        raise InputError("no file was chosen", hint="choose agreement.toml and one Markdown file a language")
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_BYTES:
        raise LimitError("these are more than %(files)s files or %(bytes)s bytes", files=MAX_FILES, bytes=MAX_BYTES)
    return files


def _check_text(name: str, data: bytes) -> None:
    """Refuse what word processors write, whatever it is called; its text can only be copied by who knows it."""
    if name.lower().endswith(_DOCUMENTS) or data.startswith(_BEGINNINGS):
        raise FormatError(
            "%(file)s is a PDF or a document of Word: the agreement's text has to be plain text",
            hint="copy the text out of it into the form, or save it there as plain text (UTF-8) with the ending .md",
            file=name,
        )


def _unpack(name: str, data: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if _belongs(member.filename)]
            if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_BYTES:
                raise LimitError(
                    "%(file)s holds more than %(files)s files or %(bytes)s bytes",
                    file=name,
                    files=MAX_FILES,
                    bytes=MAX_BYTES,
                )
            if any(member.compress_type not in _COMPRESSIONS for member in members):
                raise zipfile.BadZipFile("a compression that few programs write, and whose memory has no bound")
            return [(member.filename.rpartition("/")[2], archive.read(member)) for member in members]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise FormatError(
            "%(file)s is not a ZIP file that can be read", hint="pack the files again", file=name
        ) from error


def _belongs(path: str) -> bool:
    """Whether a member is an author's file, and not a folder or what an operating system adds."""
    parts = path.split("/")
    return bool(parts[-1]) and not any(part.startswith((".", "__MACOSX")) for part in parts)


def to_zip(files: Mapping[str, bytes]) -> bytes:
    """Pack files, the same bytes each time."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.external_attr = 0o644 << 16
            archive.writestr(member, files[name], zipfile.ZIP_DEFLATED)
    return data.getvalue()


def source_of(service: Service, officer_id: str, agreement_id: str) -> dict[str, bytes]:
    """An agreement's files as they are now; raises NotFoundError, NotAllowedError for all but officers."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        agreements.get(session, agreement_id)
        return agreements.source_files(session, agreement_id)


def specimen() -> dict[str, bytes]:
    """The built-in agreement to begin with: a complete bilingual text of twelve parties."""
    return read_source(agreement_folder())


def excerpt(files: Mapping[str, bytes], message: str) -> Excerpt | None:
    """The line that a message like ``en.md:12: …`` speaks of; None where it names none."""
    match = _PLACE.match(message)
    if match is None or match["file"] not in files:
        return None
    lines = files[match["file"]].decode("utf-8", "replace").splitlines()
    number = int(match["line"])
    return Excerpt(match["file"], number, lines[number - 1].strip()[:200]) if 0 < number <= len(lines) else None

"""How forms with files come in: multipart/form-data (RFC 7578), read whole or refused, never half.

Werkzeug's own decoder adds a byte to a file or a field, or loses the part after it, where a read of 64 KB ends within
the delimiter (pallets/werkzeug issue 3285): one signed PDF in 65,536 would not be the bytes that were sent. `multipart`
has no such places.
"""

from __future__ import annotations

import traceback
from math import inf
from typing import IO, Any

from flask import Request
from multipart import MultipartParser, MultipartPart, ParserError, ParserLimitReached
from werkzeug.datastructures import FileStorage, Headers, MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from signing_service.errors import InputError

Fields = list[tuple[str, str]]
Files = list[tuple[str, FileStorage]]
Parsed = tuple[IO[bytes], "MultiDict[str, Any]", "MultiDict[str, Any]"]


class FormReader(FormDataParser):
    """Reads the body of a form; other kinds than multipart/form-data as Werkzeug does.

    Raises InputError for what is no such form or ends early, RequestEntityTooLarge beyond the request's limits
    (`max_form_parts` parts, `max_form_memory_size` bytes of one field that is no file).
    """

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> Parsed:
        """Give the stream, the fields and the files (RFC 7578); the stream is limited already."""
        if mimetype != "multipart/form-data":
            return super().parse(stream, mimetype, content_length, options)
        try:
            fields, files = self._read(stream, (options or {}).get("boundary", ""), content_length)
        except (ParserLimitReached, RequestEntityTooLarge) as error:
            _let_go(error)
            raise RequestEntityTooLarge from None
        except (ParserError, UnicodeError, LookupError, BadRequest) as error:  # a text in a character set of its own
            _let_go(error)
            raise InputError("The connection was lost. Try again.", hint="Nothing was changed.") from None
        return stream, self.cls(fields), self.cls(files)

    def _read(self, stream: IO[bytes], boundary: str, length: int | None) -> tuple[Fields, Files]:
        parser = MultipartParser(
            stream,
            boundary,
            content_length=-1 if length is None else length,
            part_limit=inf if self.max_form_parts is None else self.max_form_parts,
            memory_limit=inf,  # the stream's own limit holds
            spool_limit=inf,  # no temporary files: one request could bring more than a process may have open
        )
        fields: Fields = []
        files: Files = []
        for part in parser:
            if part.filename is None:
                fields.append((part.name, self._text(part)))
            else:
                files.append((part.name, _file(part)))
        return fields, files

    def _text(self, part: MultipartPart) -> str:
        if self.max_form_memory_size is not None and part.size > self.max_form_memory_size:
            raise RequestEntityTooLarge
        return str(part.raw, "utf-8", "replace")


def _let_go(error: Exception) -> None:
    """Free all that was read at once: the parser keeps its error, which by its traceback keeps the parser."""
    traceback.clear_frames(error.__traceback__)


def _file(part: MultipartPart) -> FileStorage:
    return FileStorage(part.file, part.filename, part.name, headers=Headers(part.headerlist))


class FormRequest(Request):
    """A request whose forms `FormReader` reads."""

    form_data_parser_class = FormReader

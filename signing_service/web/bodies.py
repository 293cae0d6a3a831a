"""JSON bodies of requests, read strictly: exactly the members that an endpoint names, of the right types."""

from __future__ import annotations

import json
from typing import Any

from flask import request

from signing_service.encoding import from_base64url
from signing_service.errors import InputError


def read_json() -> Any:
    """What the request's body holds as JSON, None where that is none; raises InputError where it is nested too deeply.

    Whoever looks into a body looks through here: Flask itself lets the parser's RecursionError through.
    """
    try:
        return request.get_json(silent=True)
    except RecursionError as error:
        raise InputError("the request is not a JSON object") from error


def read_object(**members: type) -> dict[str, Any]:
    """The request's JSON object with these members and types; a type ``X | None`` is given as a tuple's stand-in.

    Raises InputError, which names the member that is missing, unknown or of another type.
    """
    value = read_json()
    if not isinstance(value, dict):
        raise InputError("the request is not a JSON object")
    _check_characters(value)
    for name in value:
        if name not in members:
            raise InputError(f"the request has an unknown member {str(name)[:40]!r}")
    for name, kind in members.items():
        if name not in value:
            raise InputError(f"the request lacks {name}")
        if type(value[name]) is not kind:  # bool is no int here
            raise InputError(f"{name} is not a {kind.__name__}")
    return value


def read_optional(name: str) -> Any:
    """Take one member out of the request's JSON object; None if it is not there."""
    value = read_json()
    if not isinstance(value, dict):
        return None
    _check_characters(value)
    return value.pop(name, None)


def read_count(name: str, most: int) -> int | None:
    """Take a number of bytes out of the request's JSON object; None if it is not there. Raises InputError."""
    count = read_optional(name)
    if count is not None and (type(count) is not int or not 0 <= count <= most):  # bool is no int here
        raise InputError(f"{name} is not a number of bytes")
    return count


def _check_characters(value: dict[str, Any]) -> None:
    """Raise InputError where an escape names half a character (``\\ud800``), which no UTF-8 can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise InputError("the request holds something that is no text") from error


def read_bytes(value: str, name: str, longest: int) -> bytes:
    """Decode a base64url member of at most ``longest`` bytes; raises InputError."""
    if len(value) > longest * 4 // 3 + 4:
        raise InputError(f"{name} is longer than {longest} bytes")
    try:
        return from_base64url(value)
    except InputError as error:
        raise InputError(f"{name}: {error.message}") from error

"""A roster's parties written into an agreement's ``agreement.toml``, everything else as its author left it.

Example::

    toml = with_parties(toml, read_roster(data, ("en", "zh")))
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from signing_service.agreement.anchors import members_of
from signing_service.agreement.toml import parse_toml
from signing_service.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from signing_service.agreement.roster import Roster

_TABLE = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_-]+)\s*[.\]]")  # the line that begins a table of TOML


def check_without_errors(roster: Roster) -> None:
    """Raise InputError, with the first of them, while the roster has errors."""
    if roster.errors:
        first = roster.errors[0]
        raise InputError(
            "row %(row)s, %(column)s: %(problem)s",
            hint="mend all rows first",
            row=first.row,
            column=first.column,
            problem=first.message,
        )


def with_parties(toml: bytes, roster: Roster) -> bytes:
    """The source's ``agreement.toml`` with the roster's parties in place of its own, which keep own certificates.

    Raises InputError while the roster has errors, and where the old parties are not tables of their own.
    """
    check_without_errors(roster)
    old = toml.decode("utf-8")
    kept = members_of(old)
    tables = "".join(_table(party | kept.get(key, {})) for key, party in roster.parties.items())
    new = _without_parties(old).rstrip() + "\n" + tables
    if _all_but_parties(new) != _all_but_parties(old):
        raise InputError("agreement.toml: its parties cannot be replaced", hint="write them as [[parties]] tables")
    return new.encode()


def _without_parties(toml: str) -> str:
    kept, leaving_out = [], False
    for line in toml.splitlines(keepends=True):
        table = _TABLE.match(line)
        if table:
            leaving_out = table[1] == "parties"
        if not leaving_out:
            kept.append(line)
    return "".join(kept)


def _all_but_parties(toml: str) -> dict[str, Any] | None:
    try:
        values = parse_toml(toml)
    except ValueError:
        return None
    return {name: value for name, value in values.items() if name != "parties"}


def _table(party: Mapping[str, Any]) -> str:
    """A party as TOML; JSON's strings are TOML's."""
    lines = ["", "[[parties]]"]
    for name, value in party.items():
        if name == "signers":
            continue
        lines.append(f"{name} = {_inline(value)}")
    for signer in party["signers"]:
        lines += ["[[parties.signers]]", *(f"{name} = {_inline(value)}" for name, value in signer.items())]
    return "\n".join(lines) + "\n"


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_inline(item)}" for name, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)

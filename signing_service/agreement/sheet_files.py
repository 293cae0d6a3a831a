"""Between an agreement's source files and the form's fields, in both directions.

Example::

    sheet = read_sheet(files)
    assert write_sheet(sheet, files) == files

What the form does not ask for (rules, words of further languages, own certificates) stays as the present files have
it; a file in which nothing changes keeps its bytes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import tomlkit

from signing_service.agreement.anchors import MEMBER
from signing_service.agreement.members import Members
from signing_service.agreement.rules import SignatureRule
from signing_service.agreement.sheet import PartySheet, Sheet, SignerSheet
from signing_service.agreement.source import TOML, parse_source

RULES = {
    "signatures": {"kind": "all"},
    "order": "free",
    "minimum_assurance": "service",
    "entry_into_force": {"kind": "on-countersignature"},
}  # those of a new agreement, until they are chosen
_PLACEHOLDER = "a" * 26


def read_sheet(files: Mapping[str, bytes]) -> Sheet:
    """The form of an agreement's files; raises as parse_source."""
    source = parse_source(files)
    terms = source.terms(_PLACEHOLDER)
    return Sheet(
        reference=terms.reference,
        version=terms.version,
        languages=terms.languages,
        title=dict(terms.title),
        place=dict(source.print.place or {}),
        notice=dict(source.print.notice or {}),
        paper=source.print.paper,
        parties=tuple(
            PartySheet(
                party.id,
                party.name,
                party.native_name,
                party.native_language,
                party.country,
                party.time_zone,
                party.guest,
                dict(source.countries.get(party.id, {})),
                tuple(SignerSheet(one.role, dict(one.title)) for one in party.signers),
            )
            for party in terms.parties
        ),
        texts={language: plain_text(files[f"{language}.md"].decode()) for language in terms.languages},
    )


def plain_text(text: str) -> str:
    """A text as browsers send it or files hold it: one line feed a line and at the end, no blank lines around."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return lines.strip("\n").rstrip() + "\n" if lines.strip() else ""


def write_sheet(sheet: Sheet, present: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The source files of a form without gaps; ``present`` are those that it began with, if any."""
    present = present or {}
    old = tomllib.loads(present[TOML].decode()) if TOML in present else {}
    new = _table(sheet, old)
    files = {TOML: present[TOML] if new == old else _spelled(new).encode()}
    for language in sheet.languages:
        name, text = f"{language}.md", sheet.texts[language]
        same = name in present and plain_text(present[name].decode()) == plain_text(text)
        files[name] = present[name] if same else plain_text(text).encode()
    return files


def own_words(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The words that the files bring for languages in which the service has none, by language."""
    table = tomllib.loads(files[TOML].decode()) if TOML in files else {}
    return dict(table.get("words", {}))


def rule_and_names(files: Mapping[str, bytes]) -> tuple[SignatureRule, dict[str, str]]:
    """Who must sign by the files, and the names of their parties by id; of none, the rule of a new agreement."""
    table: dict[str, Any] = tomllib.loads(files[TOML].decode()) if TOML in files else {"rules": RULES, "parties": ()}
    rule = SignatureRule.from_members(Members(table["rules"]["signatures"], "rules.signatures"))
    return rule, {party["id"]: party["name"] for party in table["parties"]}


def copied(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of another agreement to begin with: all of its parties must sign, at any time."""
    table = tomllib.loads(files[TOML].decode())
    kept = {name: table["rules"][name] for name in ("minimum_assurance", "paper") if name in table["rules"]}
    return {**files, TOML: _spelled({**table, "rules": {**RULES, **kept}}).encode()}


def _table(sheet: Sheet, old: Mapping[str, Any]) -> dict[str, Any]:
    """``agreement.toml`` as values."""
    printing = {name: _of(texts, sheet) for name, texts in (("notice", sheet.notice), ("place", sheet.place))}
    printing = {name: texts for name, texts in printing.items() if any(texts.values())}
    said = sheet.paper != "A4" or "paper" in old.get("print", {"paper": ""})
    words = {language: own for language, own in old.get("words", {}).items() if language in sheet.languages}
    parties = {party["id"]: party for party in old.get("parties", [])}
    return {
        "reference": sheet.reference,
        "version": sheet.version,
        "languages": list(sheet.languages),
        "title": _of(sheet.title, sheet),
        **({"print": ({"paper": sheet.paper} if said else {}) | printing} if said or printing else {}),
        **({"words": words} if words else {}),
        "rules": old.get("rules", RULES),
        "parties": [_party(party, sheet, parties.get(party.id, {})) for party in sheet.parties],
    }


def _of(texts: Mapping[str, str], sheet: Sheet) -> dict[str, str]:
    return {language: texts.get(language, "") for language in sheet.languages}


def _party(party: PartySheet, sheet: Sheet, old: Mapping[str, Any]) -> dict[str, Any]:
    named = any(party.country_name.values())
    return {
        "id": party.id,
        "name": party.name,
        "native_name": party.native_name,
        "native_language": party.native_language,
        "country": party.country,
        **({"country_name": _of(party.country_name, sheet)} if named else {}),
        "time_zone": party.time_zone,
        **({"guest": party.guest} if party.guest or "guest" in old else {}),
        **({MEMBER: old[MEMBER]} if MEMBER in old else {}),
        "signers": [{"role": one.role, "title": _of(one.title, sheet)} for one in party.signers],
    }


def _spelled(table: Mapping[str, Any]) -> str:
    """The values as TOML, what is short on one line."""
    document = tomlkit.document()
    for name, value in table.items():
        if name not in ("parties", "rules"):
            document[name] = value
    rules = tomlkit.table()
    for name, value in table["rules"].items():
        rules[name] = _inline(value)
    document["rules"] = rules
    parties = tomlkit.aot()
    for value in table["parties"]:
        party, signers = tomlkit.table(), tomlkit.aot()
        for name, member in value.items():
            if name != "signers":
                party[name] = _inline(member)
        for signer in value["signers"]:
            row = tomlkit.table()
            row.update({name: _inline(member) for name, member in signer.items()})
            signers.append(row)
        party["signers"] = signers
        parties.append(party)
    document["parties"] = parties
    return tomlkit.dumps(document)


def _inline(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    table = tomlkit.inline_table()
    table.update({name: _inline(member) for name, member in value.items()})
    return table

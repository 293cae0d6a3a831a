"""What is asked of a draft's files, everything wrong at once; what is sealed already is read by ``parse_source`` alone.

Example::

    source = check_source(files)   # SeveralErrors: agreement.toml:7 …, en.md:12 …, zh.md:3 …

Besides what cannot be read, marks that were left unfinished are refused and parties that nobody could tell apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from signing_service.agreement.markdown import parse_text
from signing_service.agreement.members import Members
from signing_service.agreement.party_names import doubles
from signing_service.agreement.rules import Rules
from signing_service.agreement.source import (
    DEFAULT_RULES,
    TOML,
    Source,
    check_party,
    parse_source,
    read_party,
    same_name,
    with_line,
)
from signing_service.agreement.terms import REFERENCE, VERSION_TEXT, Party, read_languages
from signing_service.agreement.toml import parse_toml
from signing_service.agreement.words import words_for
from signing_service.errors import FormatError, LimitError, all_of, raise_all

MAX_TOLD = 50  # problems at once
MAX_LINES = 10_000  # of agreement.toml; a longer one is told its first problem, since each is looked for in all lines

_PLACEHOLDER = "a" * 26
_ANY_PARTY = {
    "id": "any",
    "name": "Any",
    "native_name": "Any",
    "native_language": "en",
    "country": "CN",
    "time_zone": "UTC",
    "guest": False,
}  # right in every member, so that each member of another is judged by itself
_ANY_RULES = {**DEFAULT_RULES, "signatures": {"kind": "all"}, "entry_into_force": {"kind": "on-countersignature"}}


def check_source(files: Mapping[str, bytes]) -> Source:
    """Read a draft's files; raises FormatError or LimitError, ``file:line: what is wrong``; SeveralErrors."""
    try:
        source = parse_source(files, finished=True)
    except LimitError:
        raise
    except FormatError as error:
        raise_all(_with_others(files, error)[:MAX_TOLD])
        raise
    toml = files[TOML].decode()
    parties = source.terms(_PLACEHOLDER).parties
    names = [(party.name, party.native_name) for party in parties]
    raise_all([
        with_line(toml, same_name(double.index, getattr(parties[double.index], double.member)))
        for double in doubles(names)
    ])  # fmt: skip
    return source


def _with_others(files: Mapping[str, bytes], first: FormatError) -> list[FormatError]:
    """What reading stopped at, and all else that can be judged by itself; the file of terms first."""
    found = {error.message: error for error in all_of(first) if isinstance(error, FormatError)}
    try:
        toml = files[TOML].decode().replace("\r\n", "\n")
        table = parse_toml(toml)
        languages = read_languages(Members({"languages": table.get("languages")}, TOML))
    except (KeyError, ValueError, FormatError):
        return list(found.values())
    if toml.count("\n") > MAX_LINES:
        return list(found.values())
    told = [with_line(toml, error) for error in _refused(_judgements(table, languages))]
    told += _refused(_readings(files, table.get("words", {}), languages))
    for error in told:
        found.setdefault(error.message, error)
    in_terms = [error for error in found.values() if error.message.startswith(TOML)]
    return [*sorted(in_terms, key=_line), *(error for error in found.values() if error not in in_terms)]


def _line(error: FormatError) -> int:
    line = error.message.split(":")[1:2]
    return int(line[0]) if line and line[0].isdecimal() else 0


def _refused(checks: Iterator[Callable[[], object]]) -> list[FormatError]:
    """What the checks refuse, each thing once; no more is looked for than is told."""
    found: dict[str, FormatError] = {}
    for check in checks:
        try:
            check()
        except FormatError as error:
            found |= {one.message: one for one in all_of(error) if isinstance(one, FormatError)}
        if len(found) >= MAX_TOLD:
            break
    return list(found.values())


def _judgements(table: Mapping[str, Any], languages: tuple[str, ...]) -> Iterator[Callable[[], object]]:
    """Each member of the terms, to be read by itself."""
    head = {name: table[name] for name in ("reference", "version", "title") if name in table}
    yield partial(Members(head, TOML).text, "reference", REFERENCE)
    yield partial(Members(head, TOML).text, "version", VERSION_TEXT)
    yield partial(Members(head, TOML).texts, "title", languages)
    rules = table.get("rules")
    if isinstance(rules, dict):
        for name in {*_ANY_RULES, *rules} & {*Rules.__dataclass_fields__}:
            value = {**_ANY_RULES, name: rules[name]} if name in rules else {**_ANY_RULES, **rules}
            yield partial(Rules.from_members, Members(value, "rules"))
    parties = table.get("parties")
    for index, party in enumerate(parties if isinstance(parties, list) else ()):
        if isinstance(party, dict):
            yield partial(_judge_whole_party, index, party, languages)
            for name in (*_ANY_PARTY, "signers"):
                yield partial(_judge_party, index, party, name, languages)


def _judge_whole_party(index: int, party: Mapping[str, Any], languages: tuple[str, ...]) -> None:
    read_party(index, party, languages)


def _judge_party(index: int, party: Mapping[str, Any], name: str, languages: tuple[str, ...]) -> None:
    """One member of a party, all others being right."""
    place = f"terms.parties[{index}]"
    signers = [{"role": "any", "title": dict.fromkeys(languages, "Any")}]
    others = {member: value for member, value in {**_ANY_PARTY, "signers": signers}.items() if member != name}
    own = {name: party[name]} if name in party else {"guest": False} if name == "guest" else {}
    check_party(index, Party.from_members(Members({**others, **own}, place), languages))


def _readings(files: Mapping[str, bytes], words: Any, languages: tuple[str, ...]) -> Iterator[Callable[[], object]]:
    """Each text that is there, to be read by itself."""
    for language in languages:
        if f"{language}.md" in files:
            yield partial(_read_text, files, words, language)


def _read_text(files: Mapping[str, bytes], words: Any, language: str) -> None:
    own = words.get(language) if isinstance(words, dict) else None
    name = f"{language}.md"
    parse_text(language, name, files[name], words_for(language, own), finished=True)

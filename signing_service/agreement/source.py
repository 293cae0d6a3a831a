"""The authors' files of an agreement: ``agreement.toml`` and one Markdown file a language.

Example::

    source = parse_source({"agreement.toml": toml, "en.md": english, "zh.md": chinese})
    terms = source.terms(format_agreement_id(secrets.token_bytes(16)))
    base = render_base(source, terms)

The same files are attached to the PDF, so that anybody can build it again. Every refusal names file and line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from signing_service.agreement.anchors import MAX_ANCHORS, MEMBER, anchors_from_pem
from signing_service.agreement.equal_texts import check_equal
from signing_service.agreement.markdown import parse_text
from signing_service.agreement.members import Members
from signing_service.agreement.names import check_direction, clean_name, mixed_word
from signing_service.agreement.rules import Rules
from signing_service.agreement.terms import MAX_PARTIES, Party, Terms, read_languages
from signing_service.agreement.toml import parse_toml
from signing_service.agreement.words import words_for
from signing_service.errors import FormatError, LimitError, Phrase, SigningServiceError, all_of, raise_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from signing_service.agreement.text import Text
    from signing_service.agreement.words import Words

TOML = "agreement.toml"
MAX_KEY_PARTS = 16  # of a dotted key; the documented form has two at most
_KEY_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+"""
_KEY_CHAIN = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_KEY_PART}\.[ \t]*+){{{MAX_KEY_PARTS}}}")
MAX_TOML_BYTES = 512 * 1024
PAPERS = ("A4", "Letter")

_PLACEHOLDER_ID = "a" * 26  # for checking the rest of the terms before the id is known
DEFAULT_RULES = {"opens": None, "closes": None, "order": "free", "minimum_assurance": "service"}
_PLACE = re.compile(r"parties\[(\d+)\](?:\.signers\[(\d+)\])?")


@dataclass(frozen=True, slots=True)
class Print:
    """What only the printed document needs; all of it optional in ``[print]``."""

    paper: str = "A4"
    """``A4`` or ``Letter``."""
    notice: Mapping[str, str] | None = None
    """A line across the cover and in each footer, in each language: "Specimen"."""
    place: Mapping[str, str] | None = None
    """Where and when it is done, on the cover, in each language."""


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed agreement, before or after publication."""

    files: Mapping[str, bytes]
    """Exactly the files that it was read from; attached to the PDF."""
    texts: Mapping[str, Text]
    """By language, in the order of print."""
    words: Mapping[str, Words]
    print: Print
    countries: Mapping[str, Mapping[str, str]]
    """By party id: the country's name in each language."""
    _draft: Mapping[str, Any]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in the order of print."""
        return tuple(self.texts)

    def terms(self, agreement_id: str, supersedes: str | None = None) -> Terms:
        """The terms to be sealed; ``supersedes`` is the SHA-256 of the corrected agreement's revision 0."""
        return Terms.from_value({**self._draft, "id": agreement_id, "supersedes": supersedes})


def parse_source(files: Mapping[str, bytes], *, finished: bool = False) -> Source:
    """Read an agreement's files by name.

    ``finished``: as ``parse_text`` has it; of drafts ``source_check`` asks that and more.

    Raises FormatError, ``file:line: what is wrong``, on anything but the documented form, on files that are
    missing or too many, and where articles or their numbering differ between languages; LimitError above limits.
    """
    if TOML not in files:
        raise FormatError("%(file)s is missing", file=TOML)
    toml = _decode_toml(files[TOML])
    table = Members(_parse_toml(toml), TOML)
    try:
        file = _read(table)
        terms = Terms.from_value(file.draft)
        _check_names(terms)
        words = {language: words_for(language, file.words.get(language)) for language in terms.languages}
    except FormatError as error:
        raise with_line(toml, error) from error
    _check_files(files, terms.languages)
    texts: dict[str, Text] = {}
    problems: list[SigningServiceError] = []
    for language in terms.languages:
        name = f"{language}.md"
        try:
            texts[language] = parse_text(language, name, files[name], words[language], finished=finished)
        except FormatError as error:
            problems += all_of(error)
    raise_all(problems)
    check_equal(texts)
    return Source(dict(files), texts, words, file.print, file.countries, file.draft)


def read_countries(toml: bytes) -> Mapping[str, Mapping[str, str]]:
    """``Source.countries`` out of an ``agreement.toml`` alone, without reading the texts; raises as parse_source."""
    return _read(Members(_parse_toml(_decode_toml(toml)), TOML)).countries


def _decode_toml(data: bytes) -> str:
    if len(data) > MAX_TOML_BYTES:
        raise LimitError("%(file)s is larger than %(limit)s bytes", file=TOML, limit=MAX_TOML_BYTES)
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError("%(place)s: not UTF-8", place=f"{TOML}:{line}") from None


def _parse_toml(toml: str) -> dict[str, Any]:
    chain = _KEY_CHAIN.search(toml)
    if chain is not None:  # the reader's work grows with the square of a key's parts
        number = toml.count("\n", 0, chain.start()) + 1
        place = f"{TOML}:{number}"
        raise LimitError("%(place)s: a key of more than %(limit)s parts", place=place, limit=MAX_KEY_PARTS)
    try:
        return parse_toml(toml)
    except ValueError as error:
        match = re.search(r"\s*\(at line (\d+), column \d+\)", str(error))
        line = match[1] if match else str(toml.count("\n") + 1)
        reason = str(error).replace(match[0], "") if match else str(error).replace(" (at end of document)", "")
        told = f"{reason[:1].lower()}{reason[1:]}"
        raise FormatError("%(place)s: not TOML: %(reason)s", place=f"{TOML}:{line}", reason=told) from None


@dataclass(frozen=True, slots=True)
class _File:
    """What ``agreement.toml`` holds: the terms to be, and what is for print only."""

    draft: dict[str, Any]
    print: Print
    countries: dict[str, dict[str, str]]
    words: dict[str, dict[str, Any]]


def _read(table: Members) -> _File:
    table.only("reference", "version", "title", "languages", "print", "words", "rules", "parties")
    languages = read_languages(table)
    parties, countries = _read_parties(table.list("parties", 1, MAX_PARTIES), languages)
    rules = table.take("rules")
    if isinstance(rules, dict):
        Members(rules, "rules").only(*Rules.__dataclass_fields__)
    draft = {
        "v": 1,
        "id": _PLACEHOLDER_ID,
        "reference": table.take("reference"),
        "version": table.take("version"),
        "title": table.take("title"),
        "languages": list(languages),
        "supersedes": None,
        "parties": parties,
        "rules": {**DEFAULT_RULES, **rules} if isinstance(rules, dict) else rules,
    }
    words: dict[str, dict[str, Any]] = {}
    if table.has("words"):
        own = table.members("words")
        for language in filter(own.has, languages):
            words[language] = own.members(language).rest()
        own.finish()
    printing = _read_print(table.members("print"), languages) if table.has("print") else Print()
    table.finish()
    return _File(draft, printing, countries, words)


def _read_parties(items: list[Any], languages: tuple[str, ...]) -> tuple[list[Any], dict[str, dict[str, str]]]:
    """The parties as the terms want them, and the names of their countries, which are only printed."""
    parties: list[Any] = []
    countries: dict[str, dict[str, str]] = {}
    for index, item in enumerate(items):
        party, names = read_party(index, item, languages)
        parties.append(party)
        if names is not None:
            countries[str(item.get("id"))] = names
    return parties, countries


def read_party(index: int, item: Any, languages: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, str] | None]:
    """One party as the terms want it, and the names of its country; raises FormatError on members that there are not.

    ``index``: which of the file's parties it is, for messages.
    """
    party = Members(item, f"terms.parties[{index}]")
    party.only(*Party.__dataclass_fields__, "country_name", MEMBER)
    names = party.texts("country_name", languages) if party.has("country_name") else None
    own = {}
    if party.has(MEMBER):
        own = {MEMBER: anchors_from_pem(party.list(MEMBER, 0, MAX_ANCHORS), party.place)}
    return {"guest": False, **party.rest(), **own}, names


def _read_print(table: Members, languages: tuple[str, ...]) -> Print:
    table.only("paper", "notice", "place")
    paper = table.choice("paper", *PAPERS) if table.has("paper") else PAPERS[0]
    notice = table.texts("notice", languages) if table.has("notice") else None
    place = table.texts("place", languages) if table.has("place") else None
    table.finish()
    return Print(paper, notice, place)


def _check_names(terms: Terms) -> None:
    taken: dict[str, int] = {}
    for index, party in enumerate(terms.parties):
        first = taken.setdefault(party.name.casefold(), index)
        if first != index:
            raise same_name(index, party.name)
        check_party(index, party)


def same_name(index: int, name: str) -> FormatError:
    """The error to raise where a party is called as an earlier one."""
    message, place = "%(place)s: name %(name)s is that of another party", f"terms.parties[{index}]"
    return FormatError(message, hint="name each party once", place=place, name=repr(name))


def check_party(index: int, party: Party) -> None:
    """Raise FormatError on names that could be taken for others, and on a time zone that does not exist."""
    place = f"terms.parties[{index}]"
    for name in (party.name, party.native_name):
        if clean_name(name, what=f"{place}: name") != name:
            message = "%(place)s: name %(name)s holds doubled or invisible spaces"
            raise FormatError(message, place=place, name=repr(name))
        check_direction(name, what=f"{place}: name")
        if (word := mixed_word(name)) is not None:
            hint = "a letter only looks like the others: type the word again with one keyboard"
            message = "%(place)s: name holds %(word)s, a word of Latin and other letters"
            raise FormatError(message, hint=hint, place=place, word=repr(word))
    try:
        ZoneInfo(party.time_zone)
    except (KeyError, ValueError, OSError):
        message = "%(place)s: time_zone %(zone)s does not exist"
        raise FormatError(message, place=place, zone=repr(party.time_zone)) from None


def _check_files(files: Mapping[str, bytes], languages: tuple[str, ...]) -> None:
    wanted = {TOML, *(f"{language}.md" for language in languages)}
    for name in sorted(wanted - set(files)):
        hint = "%(toml)s names the languages %(languages)s"
        raise FormatError("%(file)s is missing", hint=hint, file=name, toml=TOML, languages=", ".join(languages))
    for name in sorted(set(files) - wanted):
        message = "%(file)s is not a file of this agreement"
        hint = "it consists of %(files)s"
        raise FormatError(message, hint=hint, file=name, files=", ".join(sorted(wanted)))


def with_line(toml: str, error: FormatError) -> FormatError:
    """The same error with the line of ``agreement.toml`` where the thing stands, as near as can be told."""
    place, _, rest = error.message.partition(": ")
    lines = toml.split("\n")
    start, end = 0, len(lines)
    match = _PLACE.search(place)
    if match:
        start, end = _section(lines, "[[parties]]", int(match[1]), start, end)
        if match[2]:
            start, end = _section(lines, "[[parties.signers]]", int(match[2]), start, end)
    elif "rules" in place:
        start, end = _section(lines, "[rules", 0, start, end)
    key = re.match(r"[A-Za-z0-9_-]+", rest)
    if key:
        found = [n for n in range(start, end) if re.match(rf"\s*\[*\s*{key[0]}\b", lines[n])]
        start = found[0] if found else start
    shown = place.removeprefix("terms.").removeprefix("terms")
    if isinstance(error.message, Phrase) and "place" in error.message.values:
        values = {**error.message.values, "place": f"{TOML}:{start + 1}: {shown}"}
        return type(error)(error.message.template, hint=error.hint, **values)
    message = f"{shown}: {rest}" if rest and shown and shown != TOML else rest or error.message
    return type(error)(f"{TOML}:{start + 1}: {message}", hint=error.hint)


def _section(lines: list[str], header: str, index: int, start: int, end: int) -> tuple[int, int]:
    """The lines from the ``index``-th header between two lines up to the next of its kind."""
    found = [n for n in range(start, end) if lines[n].strip().startswith(header)]
    if index >= len(found):
        return start, end
    return found[index], found[index + 1] if index + 1 < len(found) else end

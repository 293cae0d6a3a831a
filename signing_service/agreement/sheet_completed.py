"""What a form's reader need not know about: ids of parties, roles and articles, and what follows from a country.

Ids that there are stay, so that people who are named for a signature stay named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import replace

from signing_service.agreement.places import countries, country_names, language_of, time_zones_of
from signing_service.agreement.sheet import PartySheet, Sheet, SignerSheet
from signing_service.agreement.sheet_files import plain_text
from signing_service.agreement.terms import SECRETARIAT

MAX_ID = 32  # characters
_FILLING = frozenset(["a", "an", "and", "at", "by", "for", "in", "of", "on", "the", "to", "university", "de", "la"])
_HEADING = re.compile(r" {0,3}##[ \t]+(?P<words>.*)")
_ID_BEHIND = re.compile(r"\{#([a-z][a-z0-9-]{0,31})\}\Z")


def completed(sheet: Sheet) -> Sheet:
    """The sheet with everything filled in that can be told from the rest; no more blank rows."""
    sheet = sheet.without_blank_rows()
    taken = {party.id for party in sheet.parties if party.id} | {SECRETARIAT.partition(":")[0]}
    parties = []
    for party in sheet.parties:
        party_id = party.id or _free(_slug(party.name) or "party", taken)
        taken.add(party_id)
        parties.append(replace(_placed(party, sheet.languages), id=party_id, signers=_with_roles(party.signers)))
    return replace(sheet, parties=tuple(parties), texts=_with_article_ids(sheet))


def _placed(party: PartySheet, languages: tuple[str, ...]) -> PartySheet:
    """What a country tells, where nothing else is said."""
    zones = time_zones_of(party.country)
    native = party.native_name or party.name
    spoken = language_of(party.country) if native != party.name else "en"
    names = country_names(party.country, languages) if party.country in countries("en") else {}
    names |= {language: name for language, name in party.country_name.items() if name}
    return replace(
        party,
        native_name=native,
        native_language=party.native_language or spoken,
        time_zone=party.time_zone or (zones[0] if len(zones) == 1 else ""),
        country_name={language: names.get(language, "") for language in languages},
    )


def _with_roles(signers: tuple[SignerSheet, ...]) -> tuple[SignerSheet, ...]:
    taken = {signer.role for signer in signers if signer.role}
    named = []
    for signer in signers:
        slugs = (_slug(title, filling=()) for title in (signer.title.get("en", ""), *signer.title.values()))
        role = signer.role or _free(next(filter(None, slugs), "signer"), taken)
        taken.add(role)
        named.append(replace(signer, role=role))
    return tuple(named)


def _slug(text: str, filling: Collection[str] = _FILLING) -> str:
    """Whole words of Latin letters and digits, a letter first; empty where there are none."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.findall(r"[a-z0-9]+", plain) if word not in filling]
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:MAX_ID]
        if len(longer) > MAX_ID or not longer[0].isalpha():
            break
        slug = longer
    return slug


def _free(wanted: str, taken: Collection[str]) -> str:
    number, found = 1, wanted
    while found in taken:
        number += 1
        found = f"{wanted[: MAX_ID - 4].rstrip('-')}-{number}"
    return found


def _with_article_ids(sheet: Sheet) -> dict[str, str]:
    """The texts with an id behind each heading: the one that another language has there, else a new one."""
    texts = {language: plain_text(sheet.texts.get(language, "")) for language in sheet.languages}
    headings = (map(_heading, text.split("\n")) for text in texts.values())
    found = [[heading[1] for heading in of_text if heading] for of_text in headings]
    taken = {one for ids in found for one in ids if one}
    ids: list[str] = []
    for index in range(max(map(len, found), default=0)):
        said = next((one[index] for one in found if index < len(one) and one[index]), "")
        ids.append(said or _free(f"article-{index + 1}", taken))
        taken.add(ids[-1])
    return {language: _numbered(text, ids) for language, text in texts.items()}


def _heading(line: str) -> tuple[str, str] | None:
    """A heading's words and its id, empty where it has none; None for any other line."""
    match = _HEADING.fullmatch(line)
    if match is None:
        return None
    words = match["words"].rstrip(" \t")
    behind = _ID_BEHIND.search(words, max(0, len(words) - MAX_ID - 3))
    return (words, "") if behind is None else (words[: behind.start()].rstrip(" \t"), behind[1])


def _numbered(text: str, ids: list[str]) -> str:
    left = iter(ids)
    return "\n".join(_with_id(line, lambda: next(left)) for line in text.split("\n"))


def _with_id(line: str, next_id: Callable[[], str]) -> str:
    heading = _heading(line)
    if heading is None:
        return line
    (words, said), wanted = heading, next_id()
    return line if said else f"## {words} {{#{wanted}}}"

"""CSV for spreadsheet programs: people, an agreement's history, its parties with their representatives.

Example::

    to_csv(["name", "email"], [["Lin Shuyi", "lin@njupt.example"]])

UTF-8 with the mark by which spreadsheet programs know it. What they would run as a formula gets an apostrophe in
front, so that it stays text: names and reasons come from other people.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence

from signing_service.agreement.roster import LANGUAGE_COLUMN, ORGAN_COLUMN, PARTY_COLUMNS, PERSON_COLUMNS
from signing_service.agreement.terms import Party, Terms
from signing_service.encoding import format_time, parse_canonical_json
from signing_service.errors import Phrase
from signing_service.store import agreements, mandates, people
from signing_service.store.tables import Mandate, Person
from signing_service.workflow.drafts import load_source
from signing_service.workflow.history import HistoryLine, history
from signing_service.workflow.login import require_officer
from signing_service.workflow.service import Service

_GAP = re.compile(r"(?<![;\s])[;\s]+(?=[=+\-@＝＋－＠])")  # begins once in a run: linear, however long that is
_PARTING = re.compile(r"[;\t\r\n]")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a cell that is run begins with


def to_csv(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table as RFC 4180 has it: commas, CRLF, quotes where needed."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heading)
    writer.writerows([harmless(str(cell)) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """The cell as text that no spreadsheet program runs; white space in front does not hide a formula.

    Nor does what another program takes for the end of a cell: a semicolon, where that parts cells; a line break.
    """
    if not (cell.startswith(FORMULA) or cell.lstrip().startswith(FORMULA)):
        return _within(cell)
    first = len(cell) - len(cell.lstrip()) + 1
    return "'" + cell[:first] + _within(cell[first:])


def _within(text: str) -> str:
    return _GAP.sub(lambda gap: gap[0] + "'" * bool(_PARTING.search(gap[0])), text)


def people_table(service: Service, officer_id: str) -> bytes:
    """Everybody whom the secretariat knows; raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        everybody = people.everybody(session)
    heading = ["name", "native_name", "email", "language", "time_zone", "officer", "added", "ended"]
    return to_csv(heading, (_person(person) for person in everybody))


def _person(person: Person) -> list[str]:
    ended = format_time(person.ended) if person.ended else ""
    return [
        person.name,
        person.native_name or "",
        person.email,
        person.locale,
        person.time_zone,
        "yes" if person.officer else "no",
        format_time(person.created),
        ended,
    ]


def history_table(service: Service, officer_id: str, agreement_id: str, tell: Callable[[Phrase], str] = str) -> bytes:
    """What happened under an agreement, the oldest first; ``tell`` says it in a language."""
    lines = history(service, officer_id, agreement_id)
    rows = ([_number(line), format_time(line.time), line.type, tell(line.text)] for line in lines)
    return to_csv(["entry", "time", "type", "what_happened"], rows)


def _number(line: HistoryLine) -> int | str:
    return "" if line.index is None else line.index


def roster_table(service: Service, officer_id: str, agreement_id: str) -> bytes:
    """An agreement's parties and representatives in the columns that agreement.roster reads."""
    with service.database.read() as session:
        require_officer(session, officer_id)
        agreements.get(session, agreement_id)
        source, terms = load_source(session, agreement_id)
        holders = {row.signer: _holder(row, person) for row, person in mandates.of_agreement(session, agreement_id)}
    titles = [f"title.{language}" for language in terms.languages]
    countries = [f"country_name.{language}" for language in terms.languages]
    heading = ["party", *PARTY_COLUMNS, "role", *titles, *countries, *PERSON_COLUMNS, LANGUAGE_COLUMN, ORGAN_COLUMN]
    rows = [
        row
        for party in terms.parties
        for row in _party_rows(terms, party, source.countries.get(party.id, {}).values(), holders)
    ]
    return to_csv(heading, rows)


def _holder(mandate: Mandate, person: Person) -> list[str]:
    organ = parse_canonical_json(mandate.json)["organ"]
    return [person.name, person.native_name or "", person.email, person.locale, organ]


def _party_rows(
    terms: Terms, party: Party, countries: Iterable[str], holders: dict[str, list[str]]
) -> Iterable[list[str]]:
    names = list(countries) or [""] * len(terms.languages)
    guest = "yes" if party.guest else "no"
    own = [party.name, party.native_name, party.native_language, party.country, party.time_zone, guest]
    for signer in party.signers:
        named = holders.get(f"{party.id}:{signer.role}", [""] * 5)
        titles = [signer.title[language] for language in terms.languages]
        yield [party.id, *own, signer.role, *titles, *names, *named]

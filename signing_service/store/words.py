"""What agreements are found by: their reference, titles and parties.

Example::

    words.keep(session, agreement)
    query = query.where(words.holding("nanjing"))
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import Session

from signing_service.encoding import parse_canonical_json
from signing_service.store.tables import Agreement, AgreementWords


def keep(session: Session, agreement: Agreement) -> None:
    """Note a draft's reference, titles and parties' names, a line each, in place of those that there were."""
    terms = parse_canonical_json(agreement.terms)
    names = [name for party in terms.get("parties", ()) for name in (party["name"], party["native_name"])]
    lines = [agreement.reference, *terms.get("title", {}).values(), *names]
    session.merge(AgreementWords(agreement=agreement.id, words="\n".join(lines).casefold()))
    session.flush()


def holding(search: str) -> ColumnElement[bool]:
    """Whether an agreement's words hold this text, in any case."""
    found = AgreementWords.words.contains(search.casefold(), autoescape=True)
    return exists().where(AgreementWords.agreement == Agreement.id, found)

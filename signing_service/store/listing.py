"""Agreements and people in pages that cost the same whatever their number (keyset pagination).

A page begins after the last one of the page before, which is found by an index and not by counting::

    page = listing.agreements_page(session, stage="open", limit=24)
    page = listing.agreements_page(session, stage="open", limit=24, after=page[-1].id)

A search goes through the words of agreements, the newest first, until a page is full.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from signing_service.store import words
from signing_service.store.driver import Driver
from signing_service.store.tables import Agreement, ArchiveTimestamp, Mandate, Observer, Person

Stage = Literal["", "draft", "open", "closed"]
"""All agreements, those in preparation, those that may still be signed, those countersigned or withdrawn."""

_LIVING = (Agreement.state == "published", Agreement.countersigned.is_(None), Agreement.withdrawn.is_(None))
_TO_REMIND = """\
SELECT id FROM agreements
WHERE state = 'published' AND countersigned IS NULL AND withdrawn IS NULL AND next_reminder %s :moment
ORDER BY next_reminder, id LIMIT :limit"""
_REMINDER_DUE, _REMINDER_TOO_LATE = _TO_REMIND % "<=", _TO_REMIND % ">"
_STAGES = {
    "": (),
    "draft": (Agreement.state == "draft",),
    "open": _LIVING,
    "closed": (or_(Agreement.countersigned.is_not(None), Agreement.withdrawn.is_not(None)),),
}


def agreements_page(
    session: Session, *, limit: int, stage: Stage = "", search: str = "", after: str = ""
) -> list[Agreement]:
    """At most ``limit`` agreements, the last one made first, beginning below the one with the id ``after``.

    ``search``: a part of the reference, a title or a party's name, in any case. An unknown ``after`` begins at the top.
    """
    query = select(Agreement).where(*_STAGES[stage])
    if search:
        query = query.where(words.holding(search))
    return _below(session, query, after, limit)


def _below(session: Session, query: Select[Agreement], after: str, limit: int) -> list[Agreement]:
    last = session.get(Agreement, after) if after else None
    if last is not None:
        query = query.where(tuple_(Agreement.created, Agreement.id) < tuple_(last.created, last.id))
    return list(session.scalars(query.order_by(Agreement.created.desc(), Agreement.id.desc()).limit(limit)))


def agreements_of(session: Session, person_id: str, *, limit: int, after: str = "") -> list[Agreement]:
    """At most ``limit`` published agreements in which the person has a mandate or that they observe, as above."""
    own = select(Mandate.agreement).where(Mandate.person == person_id, Mandate.revoked.is_(None))
    observed = select(Observer.agreement).where(Observer.person == person_id)
    query = select(Agreement).where(Agreement.state == "published", Agreement.id.in_(own.union(observed)))
    return _below(session, query, after, limit)


def people_page(session: Session, *, limit: int, search: str = "", after: str = "") -> list[Person]:
    """At most ``limit`` people by name, beginning behind the one with the id ``after``.

    ``search``: a part of the name, in whichever script, or of the address.
    """
    query = select(Person)
    if search:
        names = (Person.name, Person.native_name, Person.email)
        query = query.where(or_(*(func.lower(one).contains(search.lower(), autoescape=True) for one in names)))
    last = session.get(Person, after) if after else None
    if last is not None:
        query = query.where(tuple_(Person.name, Person.id) > tuple_(last.name, last.id))
    return list(session.scalars(query.order_by(Person.name, Person.id).limit(limit)))


def to_remind(session: Session, now: datetime, latest: datetime, limit: int) -> list[str]:
    """Ids of at most ``limit`` open agreements of which it is time to see who is to be reminded, longest due first.

    A time beyond ``latest`` was noted by a clock that was set back since.
    """
    driver = Driver.of(session)
    due = driver.rows(_REMINDER_DUE, {"moment": driver.moment(now), "limit": limit})
    due = due or driver.rows(_REMINDER_TOO_LATE, {"moment": driver.moment(latest), "limit": limit})
    return [agreement for (agreement,) in due]


def ending_before(
    session: Session, moment: datetime | None, limit: int | None = None, behind: tuple[datetime, str] | None = None
) -> list[str]:
    """Ids of the archived agreements that are provable until before ``moment`` (None: all), the first one first.

    At most ``limit`` of them; ``behind``: end and id of one, after which to begin.
    """
    query = select(Agreement.id).where(Agreement.provable_until.is_not(None))
    if moment is not None:
        query = query.where(Agreement.provable_until < moment)
    if behind is not None:
        query = query.where(tuple_(Agreement.provable_until, Agreement.id) > tuple_(*behind))
    return list(session.scalars(query.order_by(Agreement.provable_until, Agreement.id).limit(limit)))


def first_end(session: Session) -> datetime | None:
    """Until when the archived agreement that ends first is provable; None where nothing is archived."""
    return session.scalar(select(func.min(Agreement.provable_until)))


def with_unknown_end(session: Session) -> list[str]:
    """Ids of archived agreements of which no earlier schema noted until when they are provable."""
    archived = select(ArchiveTimestamp.agreement).where(ArchiveTimestamp.agreement == Agreement.id).exists()
    unknown = (Agreement.countersigned.is_not(None), Agreement.provable_until.is_(None))
    return list(session.scalars(select(Agreement.id).where(*unknown, archived).order_by(Agreement.countersigned)))


def count_agreements(session: Session) -> dict[str, int]:
    """How many agreements there are at each stage."""
    counted = select(func.count()).select_from(Agreement)
    every, draft, living = (session.scalar(counted.where(*_STAGES[stage])) or 0 for stage in ("", "draft", "open"))
    return {"draft": draft, "open": living, "closed": every - draft - living}

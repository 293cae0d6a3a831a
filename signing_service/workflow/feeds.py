"""Feeds: a party follows the openings of its agreement's entries, by a token that an officer made.

    token = make_feed(service, officer_id, agreement_id, "njupt")      # 256 bits, shown once, stored hashed
    lines = read_feed(service, agreement_id, token, start=0)           # JSON lines, docs/formats.md 12

An entry of the agreement whose opening the feed withholds is an alarm for the party's ``record monitor``.
"""

from __future__ import annotations

import contextlib

from signing_service.agreement.terms import Terms
from signing_service.errors import DatabaseDownError, NotFoundError
from signing_service.evidence.event_lines import BundledEvent, format_event_lines
from signing_service.store import agreements, feeds, openings
from signing_service.store.tables import Feed
from signing_service.workflow.login import require_officer
from signing_service.workflow.service import Service

PAGE = 200  # openings in one answer


def make_feed(service: Service, officer_id: str | None, agreement_id: str, party: str) -> str:
    """Make a feed for a party and return its token, which is shown once; ``officer_id`` is None on the command line.

    Raises NotFoundError where the agreement is a draft or has no such party, NotAllowedError for all but officers.
    """
    with service.database.begin() as session:
        if officer_id is not None:
            require_officer(session, officer_id)
        agreements.newest_end(session, agreement_id)  # a draft has none, and no entries either
        terms = Terms.from_json(agreements.get(session, agreement_id).terms)
        if party not in {one.id for one in terms.parties}:
            known = ", ".join(one.id for one in terms.parties)
            raise NotFoundError(
                "the agreement has no party %(party)s",
                hint="its parties are: %(known)s",
                party=repr(party),
                known=known,
            )
        return feeds.add(session, agreement_id, party, officer=officer_id, now=service.clock())


def revoke_feed(service: Service, officer_id: str | None, agreement_id: str, feed_id: str) -> None:
    """End a feed: its token opens nothing any more. Raises NotFoundError, NotAllowedError for all but officers."""
    with service.database.begin() as session:
        if officer_id is not None:
            require_officer(session, officer_id)
        feeds.revoke(session, agreement_id, feed_id, now=service.clock())


def feeds_of(service: Service, officer_id: str | None, agreement_id: str) -> list[Feed]:
    """An agreement's feeds, the revoked ones too; raises NotAllowedError for all but officers."""
    with service.database.read() as session:
        if officer_id is not None:
            require_officer(session, officer_id)
        agreements.get(session, agreement_id)
        return feeds.of_agreement(session, agreement_id)


def read_feed(service: Service, agreement_id: str, token: str, start: int) -> bytes:
    """The next openings from record index ``start`` on, at most PAGE, a JSON line each; empty when there are no more.

    Raises NotFoundError, the same whether the token is wrong or revoked or the agreement another one.
    """
    now = service.clock()
    with service.database.read() as session:
        feed = feeds.find(session, agreement_id, token)
        found = openings.of_scope_from(session, agreement_id, start, PAGE)
    if feeds.needs_touch(feed, now=now):
        # who only reads goes on while nothing can be stored
        with contextlib.suppress(DatabaseDownError), service.database.begin() as session:
            feeds.touch(session, feed.id, now=now)
    return format_event_lines(BundledEvent(one.index, one.entry, one.event, one.salt) for one in found)

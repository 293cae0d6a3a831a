"""Tokens by which a party reads the openings of one agreement's entries; stored hashed, revoked but never deleted.

Example::

    token = feeds.add(session, agreement_id, "njupt", officer=me, now=now)  # shown once
    feed = feeds.find(session, agreement_id, token)
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from signing_service.errors import NotFoundError
from signing_service.store.identifiers import hash_token, new_id, new_token
from signing_service.store.tables import Feed

TOUCH_INTERVAL = timedelta(hours=1)  # last_used is written no oftener: reading a feed stays cheap


def add(session: Session, agreement: str, party: str, *, officer: str | None, now: datetime) -> str:
    """Make a token of 256 random bits and give it; only its hash is stored."""
    token = new_token()
    session.add(
        Feed(
            id=new_id(),
            token_sha256=hash_token(token),
            agreement=agreement,
            party=party,
            created=now,
            created_by=officer,
        )
    )
    session.flush()
    return token


def find(session: Session, agreement: str, token: str) -> Feed:
    """The feed that a token opens; raises NotFoundError, the same for wrong, revoked and other agreements' tokens."""
    query = select(Feed).where(Feed.token_sha256 == hash_token(token), Feed.agreement == agreement)
    feed = session.scalar(query.where(Feed.revoked.is_(None)))
    if feed is None:
        raise NotFoundError("there is no such feed")
    return feed


def needs_touch(feed: Feed, *, now: datetime) -> bool:
    """Whether last_used is old enough to be worth a write."""
    return feed.last_used is None or feed.last_used + TOUCH_INTERVAL <= now


def touch(session: Session, feed_id: str, *, now: datetime) -> None:
    """Remember that a feed was read."""
    session.execute(update(Feed).where(Feed.id == feed_id).values(last_used=now))


def revoke(session: Session, agreement: str, feed_id: str, *, now: datetime) -> None:
    """End a feed; raises NotFoundError unless it is of that agreement. Ending it again changes nothing."""
    feed = session.get(Feed, feed_id)
    if feed is None or feed.agreement != agreement:
        raise NotFoundError("there is no such feed")
    if feed.revoked is None:
        feed.revoked = now
    session.flush()


def of_agreement(session: Session, agreement: str) -> list[Feed]:
    """All feeds of an agreement, by party, the newest first."""
    query = select(Feed).where(Feed.agreement == agreement)
    return list(session.scalars(query.order_by(Feed.party, Feed.created.desc(), Feed.id)))

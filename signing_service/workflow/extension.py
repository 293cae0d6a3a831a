"""A later end of signing, where the sealed rules allow it: an officer signs it by passkey, and all in it are told.

::

    request = begin_extension(service, officer_id, agreement_id, "2025-05-01T18:00", "Asia/Shanghai", "…")
    extend(service, officer_id, agreement_id, answer)

The sealed document stays as it is. The event decides whether later signatures count, so that it takes an officer's
passkey, is made while signing is open, and is recomputed by whoever verifies.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from signing_service.agreement.acts import Acts, may_extend
from signing_service.agreement.rules_file import in_zone
from signing_service.approval import Confirmation
from signing_service.approval.extension import MAX_REASON, ExtensionStatement, verify_extension
from signing_service.encoding import parse_canonical_json, to_base64url
from signing_service.errors import ApprovalError, InputError
from signing_service.store import acts, agreements, ledger, passkeys
from signing_service.store.tables import Extension
from signing_service.workflow.confirmation import officer_keys
from signing_service.workflow.notification import tell_about_extension
from signing_service.workflow.passkeys import (
    CHALLENGE_LIFETIME,
    assertion_of,
    challenge_in,
    credential_of,
    note_use,
    relying_party,
    request_options,
)
from signing_service.workflow.permissions import require
from signing_service.workflow.reasons import clean_reason
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, load_acts, load_published
from signing_service.workflow.trust import check_in_office

PURPOSE = "extension"


def begin_extension(
    service: Service, officer_id: str, agreement_id: str, local: str, zone: str, reason: str
) -> dict[str, Any]:
    """Fix what the officer signs, and give it with the options for the officer's passkey.

    ``local`` is a wall clock's time (``2025-05-01T18:00``) in the IANA time zone ``zone``. Raises InputError on a time
    that does not exist there or is no later end and on a reason that is empty or too long, NotAllowedError where the
    sealed rules allow no extension or signing has closed.
    """
    now, reason, until = service.clock(), clean_reason(reason, MAX_REASON), in_zone(_clock(local), zone)
    with service.database.begin() as session:
        require(session, officer_id, "extend")
        own = officer_keys(session, officer_id)
        published, done = _open(session, agreement_id)
        may_extend(published.terms, done, until, now)
        closes = done.closes(published.terms)
        assert closes is not None  # may_extend refuses a period without end
        statement = ExtensionStatement(
            agreement_id, published.revision0_sha256, closes, until, reason, officer_id, now.replace(microsecond=0)
        )
        about, expires = statement.to_json(), now + CHALLENGE_LIFETIME
        passkeys.add_challenge(session, statement.challenge(), PURPOSE, expires=expires, person=officer_id, about=about)
    options = request_options(service, statement.challenge(), [key.credential_id for key in own])
    return {"statement": parse_canonical_json(about), "passkey": options}


def extend(service: Service, officer_id: str, agreement_id: str, answer: dict[str, Any]) -> datetime:
    """Take the officer's assertion over the statement, record the event, tell all in it; give the new end, UTC.

    Raises as begin_extension, and ApprovalError where the passkey signed something else than is true by now.
    """
    with service.database.begin() as session:
        require(session, officer_id, "extend")
        published, done = _open(session, agreement_id)
        now = service.clock()  # once the agreement is held, for which it may have waited past the end
        about = passkeys.take_challenge(session, challenge_in(answer), PURPOSE, now=now, person=officer_id)
        own = credential_of(session, officer_id, "officer", answer)
        attestation = Confirmation(about, assertion_of(answer, own.key))
        trusted = [key.key for key in officer_keys(session, officer_id)]
        stated = verify_extension(attestation, relying_party(service), trusted)
        may_extend(published.terms, done, stated.until, now)
        wanted = (agreement_id, published.revision0_sha256, done.closes(published.terms), officer_id)
        if (stated.agreement, stated.revision0, stated.closes, stated.officer) != wanted:
            raise ApprovalError("signing closes at another time by now", hint="reload the page and try again")
        note_use(session, own, attestation.assertion, now)
        dated = _store(session, service, attestation, stated, published, now)
        may_extend(published.terms, done, stated.until, dated)  # as `verify` will judge it
        check_in_office(session, officer_id)
    service.publish()
    return stated.until


def _open(session: Session, agreement_id: str) -> tuple[Published, Acts]:
    agreements.lock(session, agreement_id)
    return load_published(session, agreement_id), load_acts(session, agreement_id)


def _clock(local: str) -> datetime:
    try:
        moment = datetime.fromisoformat(local)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise InputError("the new end is not a date with a time", hint="write it like 2025-05-01T18:00")
    return moment.replace(microsecond=0)


def _store(
    session: Session,
    service: Service,
    attestation: Confirmation,
    stated: ExtensionStatement,
    published: Published,
    now: datetime,
) -> datetime:
    """Record the extension; give the time of its event."""
    tell_about_extension(session, service, published.terms, stated.until, stated.reason, stated.officer, now)
    members = {
        "closes": parse_canonical_json(attestation.statement)["closes"],
        "until": parse_canonical_json(attestation.statement)["until"],
        "reason": stated.reason,
        "officer": stated.officer,
        "attestation": to_base64url(attestation.to_der()),
    }
    entry = ledger.append(session, stated.agreement, "extension", members, now)
    acts.add_extension(
        session,
        Extension(
            entry_index=entry.index,
            agreement=stated.agreement,
            officer=stated.officer,
            until=stated.until,
            reason=stated.reason,
            time=entry.time,
        ),
    )
    return entry.time

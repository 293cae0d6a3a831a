"""Reserving the turn of an agreement, to sign it with an own certificate in one's own software (DESIGN 4b).

::

    held = reserve(service, person_id, agreement_id, "njupt:president")     # nobody else's signature lands meanwhile
    release(service, person_id, agreement_id)                               # by that person, or by an officer
    reservation(session, agreement_id, now)                                 # whoever has it, or None

It is a place in the agreement's queue like any other, with a longer lease (:mod:`signing_service.store.turns`), and
ends by itself. Only who holds it may upload.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from signing_service.agreement.acts import may_sign
from signing_service.errors import ConflictError, NotAllowedError, NotFoundError
from signing_service.store import agreements, attempts, people, turns
from signing_service.store.attempts import AttemptRow
from signing_service.store.identifiers import new_id
from signing_service.store.tables import Attempt
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, load_acts, load_mandate, load_published

RESERVATION = turns.RESERVATION
QUEUEING = timedelta(seconds=10)  # the lease of a place in the queue until the turn has come
LOOKS, LOOK_PAUSE = 40, 0.15  # how often, with how many seconds between, it is asked whether the turn has come


@dataclass(frozen=True, slots=True)
class Reservation:
    """Who has reserved an agreement's turn, and until when."""

    attempt: str
    signer: str
    person_id: str
    person: str
    """The representative's name, as the mandate has it."""
    party: str
    """The university's name in English."""
    until: datetime


def reserve(
    service: Service, person_id: str, agreement_id: str, signer: str, pause: Callable[[float], None] = time.sleep
) -> Reservation:
    """Reserve the turn for 30 minutes; asking again gives the same reservation.

    Raises NotFoundError without a mandate, NotAllowedError where the sealed terms let the party use one-time keys only
    or the signature cannot be given now, ConflictError while somebody else has reserved it or is just signing.
    """
    attempt_id = ""
    for look in range(LOOKS):
        with service.database.begin() as session:
            held = _try(session, service, person_id, agreement_id, signer, attempt_id)
        if isinstance(held, Reservation):
            return held
        attempt_id = held
        if look + 1 < LOOKS:
            pause(LOOK_PAUSE)
    with service.database.begin() as session:
        turns.release(session, attempt_id)
    raise ConflictError("others are signing just now", hint="try again in a minute")


def release(service: Service, person_id: str, agreement_id: str) -> None:
    """Give the turn back before its time; nothing to do where nobody has it.

    Raises NotAllowedError for anybody but who holds it and officers.
    """
    now = service.clock()
    with service.database.begin() as session:
        attempt = turns.reserved(session, agreement_id, now=now)
        if attempt is None:
            return
        person = people.get(session, person_id)
        if attempt.person != person_id and not (person.officer and person.ended is None):
            raise NotAllowedError("this turn is somebody else's", hint="ask the secretariat")
        if attempts.find(session, attempt.id, lock=True).state != "complete":
            attempts.change(session, attempt.id, state="expired")
        turns.release(session, attempt.id)


def reservation(session: Session, agreement_id: str, now: datetime) -> Reservation | None:
    """Who has reserved an agreement's turn; None if nobody."""
    attempt = turns.reserved(session, agreement_id, now=now)
    return None if attempt is None else _shown(session, load_published(session, agreement_id), attempt)


def reservation_of(service: Service, agreement_id: str) -> Reservation | None:
    """The same, on its own."""
    with service.database.read() as session:
        return reservation(session, agreement_id, service.clock())


def own_reservation(service: Service, person_id: str, agreement_id: str, signer: str) -> Reservation:
    """This person's reservation for this signer; raises NotAllowedError where there is none any more."""
    found = reservation_of(service, agreement_id)
    if found is None or (found.person_id, found.signer) != (person_id, signer):
        raise not_reserved()
    return found


def not_reserved() -> NotAllowedError:
    """The error for who comes without a reservation, or too late."""
    return NotAllowedError(
        "you have not reserved the turn, or it has ended; nothing was stored",
        hint="reserve it again; if somebody has signed meanwhile, download and sign the new file",
    )


def _try(
    session: Session, service: Service, person_id: str, agreement_id: str, signer: str, attempt_id: str
) -> Reservation | str:
    """Take the turn; gives the reservation, or the attempt that is queueing for it."""
    now = service.clock()
    agreements.lock(session, agreement_id)
    published = load_published(session, agreement_id)
    found = load_mandate(session, agreement_id, signer, person_id)
    if found is None:
        raise NotFoundError("you have no mandate for this signature", hint="ask the secretariat")
    mandate_id, mandate = found
    if published.terms.signer(signer).party.own_certificate is None:
        raise NotAllowedError(
            "this agreement lets your party sign with one-time keys only", hint="sign on the agreement's page"
        )
    may_sign(published.terms, load_acts(session, agreement_id), signer, now)
    mandate.check_valid_at(now)
    other = turns.reserved(session, agreement_id, now=now)
    if other is not None and other.id != attempt_id:
        if (other.person, other.signer) == (person_id, signer):
            return _shown(session, published, other)
        raise _taken(_shown(session, published, other))
    if attempt_id:
        attempt = attempts.find(session, attempt_id)
    else:
        attempt = _attempt(agreement_id, signer, person_id, mandate_id, now)
        attempts.add(session, attempt)
    if turns.take(session, agreement_id, attempt.id, now=now, lease=QUEUEING) > 0:
        return attempt.id
    until = now + RESERVATION
    attempts.change(session, attempt.id, expires=until)
    turns.hold(session, attempt.id, until)
    return _shown(session, published, replace(attempt, expires=until))


def _attempt(agreement_id: str, signer: str, person_id: str, mandate_id: str, now: datetime) -> AttemptRow:
    return AttemptRow(
        id=new_id(),
        agreement=agreement_id,
        signer=signer,
        person=person_id,
        mandate=mandate_id,
        act="signature",
        created=now,
        expires=now + RESERVATION,
        appearance=b"",  # other software draws it
        statement=b"",  # and nothing of ours is approved
        own_certificate=True,
    )


def _taken(other: Reservation) -> ConflictError:
    return ConflictError(
        "%(person)s of %(party)s is signing with an own certificate until %(time)s",
        hint="come back then, or ask the secretariat",
        person=other.person,
        party=other.party,
        time=other.until,
    )


def _shown(session: Session, published: Published, attempt: Attempt | AttemptRow) -> Reservation:
    found = load_mandate(session, published.id, attempt.signer, attempt.person)
    person = found[1].representative.name if found else people.get(session, attempt.person).name
    party = published.terms.signer(attempt.signer).party.name
    return Reservation(attempt.id, attempt.signer, attempt.person, person, party, attempt.expires)

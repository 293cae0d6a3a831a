"""Successors of the trust file: an officer's passkey signs each change of who the officers are.

::

    request = begin_addition(service, officer_id, credential_id)     # or begin_removal(service, officer_id, leaving_id)
    succeed(service, officer_id, answer)                             # the officer's assertion over the whole successor
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from signing_service.encoding import canonical_json, format_time, from_base64url, parse_canonical_json, to_base64url
from signing_service.errors import ApprovalError, ConflictError, NotAllowedError, NotFoundError
from signing_service.evidence.succession import sign_succession, succession_challenge, unsigned_predecessor
from signing_service.evidence.trust import TrustedOfficer, TrustFile, format_trust_file
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import ledger, passkeys, people, sessions
from signing_service.store.tables import Credential, Person
from signing_service.store.wall_clock import LARGEST_STEP
from signing_service.workflow import trust
from signing_service.workflow.confirmation import officer_keys
from signing_service.workflow.login import require_officer
from signing_service.workflow.passkeys import (
    CHALLENGE_LIFETIME,
    assertion_of,
    challenge_in,
    credential_of,
    note_use,
    request_options,
)
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service

CLOCKS = 3 * LARGEST_STEP  # two machines' clocks, each that far off the database's, and a timestamp authority's


def begin_addition(service: Service, officer_id: str, credential_id: str) -> dict[str, Any]:
    """Write the successor that names a waiting passkey; give it with the options for the officer's own passkey.

    Raises NotAllowedError without a passkey in the trust file, NotFoundError, ConflictError where it is named already.
    """
    with service.database.begin() as session:
        require(session, officer_id, "offices")
        credential, person = _waiting_key(session, credential_id)
        successor = with_key(session, trust.current(session), person, credential)
        change = {"change": "officer-added", "credential": credential.id, "officer": person.id}
        return _begin(session, service, officer_id, successor, change)


def begin_removal(service: Service, officer_id: str, leaving_id: str) -> dict[str, Any]:
    """Write the successor that lets an officer leave; it takes effect once it is stored, which stops that officer.

    Its ``until`` is a time by which it is stored or not at all: what that officer does meanwhile stays good.
    Raises NotAllowedError for oneself, NotFoundError where the trust file does not name that officer.
    """
    if officer_id == leaving_id:
        raise NotAllowedError("nobody ends their own office", hint="ask another officer")
    with service.database.begin() as session:
        require(session, officer_id, "offices")
        file = trust.current(session)
        if (leaving := file.officer(leaving_id)) is None or leaving.until is not None:
            raise NotFoundError("the trust file names no such officer")
        until = service.clock() + CHALLENGE_LIFETIME + CLOCKS
        officers = tuple(replace(one, until=until) if one.id == leaving_id else one for one in file.officers)
        predecessor = unsigned_predecessor(trust.current_bytes(session))
        successor = replace(file, officers=officers, predecessor=predecessor)
        change = {"change": "officer-removed", "credential": "", "officer": leaving_id}
        return _begin(session, service, officer_id, successor, change)


def succeed(service: Service, officer_id: str, answer: dict[str, Any]) -> None:
    """Take the officer's assertion over the successor, store and record it.

    Raises ApprovalError or VerificationError where it is not by an officer of the present file, or that changed.
    """
    now = service.clock()
    with service.database.begin() as session:
        require(session, officer_id, "offices")
        challenge = challenge_in(answer)
        about = passkeys.take_challenge(session, challenge, "succession", now=now, person=officer_id)
        fixed = parse_canonical_json(about)
        own = credential_of(session, officer_id, "officer", answer)
        assertion = assertion_of(answer, own.key)
        data = format_trust_file(sign_succession(trust.parse(from_base64url(fixed["file"])), assertion))
        note_use(session, own, assertion, now)
        if fixed["change"] == "officer-added":
            credential, person = _waiting_key(session, fixed["credential"])
            store_addition(session, service, data, person, credential.key, officer_id)
        else:
            _store_removal(session, service, data, people.get(session, fixed["officer"]), officer_id)
    release(service)


def with_key(session: Session, file: TrustFile, person: Person, credential: Credential) -> TrustFile:
    """The successor of the stored file that names one more passkey; not signed yet."""
    present = file.officer(person.id) or TrustedOfficer(person.id, person.name, ())
    named = replace(present, keys=(*present.keys, credential.key))
    others = tuple(officer for officer in file.officers if officer.id != person.id)
    return replace(file, officers=(*others, named), predecessor=unsigned_predecessor(trust.current_bytes(session)))


def store_addition(session: Session, service: Service, data: bytes, person: Person, key: bytes, by: str | None) -> None:
    """Store a signed successor that names ``key``, with its two events, in the caller's transaction."""
    members = trust.replace_by(session, data)
    added = {"officer": {"id": person.id, "name": person.name, "keys": [to_base64url(key)]}, "by": by}
    ledger.append(session, SERVICE_SCOPE, "officer-added", added, service.clock())
    ledger.append(session, SERVICE_SCOPE, "trust-file", {**members, "reason": "officer-added"}, service.clock())


def release(service: Service) -> None:
    """Publish the record and write the trust file where ``init`` put the first one."""
    service.publish()
    with service.database.read() as session:
        data = trust.current_bytes(session)
    trust.write_copy(service.settings.trust_file, data)


def _store_removal(session: Session, service: Service, data: bytes, leaving: Person, by: str) -> None:
    now = service.clock()
    members = trust.replace_by(session, data)
    until = next(one.until for one in trust.current(session).officers if one.id == leaving.id)
    assert until is not None  # begin_removal wrote it
    leaving.ended = now
    sessions.end_all(session, leaving.id, now=now)
    people.revoke_invitations(session, leaving.id, now=now)
    removed = {"officer": leaving.id, "by": by, "until": format_time(until)}
    ledger.append(session, SERVICE_SCOPE, "officer-removed", removed, now)
    ledger.append(session, SERVICE_SCOPE, "trust-file", {**members, "reason": "officer-removed"}, now)
    if service.clock() >= until - CLOCKS:  # the log is held: what the officer did before is in it, and dated earlier
        raise ApprovalError("the passkey's answer came too late", hint="try again")


def _begin(
    session: Session, service: Service, officer_id: str, successor: TrustFile, change: dict[str, str]
) -> dict[str, Any]:
    own = officer_keys(session, officer_id)
    challenge, expires = succession_challenge(successor), service.clock() + CHALLENGE_LIFETIME
    about = canonical_json({**change, "file": to_base64url(format_trust_file(successor))})
    passkeys.add_challenge(session, challenge, "succession", expires=expires, person=officer_id, about=about)
    options = request_options(service, challenge, [key.credential_id for key in own])
    return {"file": successor.to_value(), "passkey": options, **change}


def _waiting_key(session: Session, credential_id: str) -> tuple[Credential, Person]:
    credential = session.get(Credential, credential_id)
    if credential is None or credential.kind != "officer" or credential.ended is not None:
        raise NotFoundError("there is no such passkey")
    person = require_officer(session, credential.person)
    named = trust.current(session).officer(person.id)
    if named is not None and credential.key in named.keys:
        raise ConflictError("this passkey is in the trust file already")
    return credential, person

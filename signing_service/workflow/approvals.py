"""How a person approves an act: by a confirmed passkey, or by password where the sealed rules allow it.

::

    ways = ways_to_approve(session, service, terms, signatory)          # for the page: what may be asked for
    check_secret(service, person_id, answer)                            # slow; no transaction may be open
    approval = approve(session, service, terms, signatory, statement, answer)

A passkey's approval is judged by the verifier's own code on the record's own events, not by database rows: the service
issues nothing that an auditor would refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.approval import Approval, Expected, service_approval, verify_approval
from signing_service.encoding import parse_canonical_json
from signing_service.errors import ApprovalError, NotAllowedError
from signing_service.store import code_seeds, openings, passkeys
from signing_service.store import mandates as mandate_rows
from signing_service.store.tables import Credential
from signing_service.verify.enrolments import identify
from signing_service.workflow import codes
from signing_service.workflow.login import check_password_of
from signing_service.workflow.passkeys import assertion_of, credential_of, note_use, relying_party, request_options
from signing_service.workflow.service import Service
from signing_service.workflow.trust import current


class NoWayToApproveError(NotAllowedError):
    """A person must make a passkey, or have it confirmed, before anything can be approved."""


class Signatory(Protocol):
    """Who approves, for whom, under which mandate."""

    @property
    def signer(self) -> str: ...
    @property
    def person_id(self) -> str: ...
    @property
    def mandate_id(self) -> str: ...
    @property
    def mandate(self) -> Mandate: ...


@dataclass(frozen=True, slots=True)
class Password:
    """A password, with a one-time code where the person has set that up."""

    password: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class PasskeyAnswer:
    """What ``navigator.credentials.get`` gave, as AuthenticationResponseJSON."""

    response: dict[str, Any]


Answer = Password | PasskeyAnswer


@dataclass(frozen=True, slots=True)
class Ways:
    """How somebody may approve now."""

    passkeys: tuple[bytes, ...]
    """Credential ids of the passkeys that count."""
    password: bool
    code: bool
    """Whether the password needs a one-time code beside it."""
    by_rules: bool
    """Whether the agreement's rules would take a password, and the person has one."""
    waiting: bool
    """Whether a passkey is enrolled that no officer has confirmed yet."""

    def to_value(self, service: Service) -> dict[str, Any]:
        """The JSON that the browser is given; it computes the challenge itself."""
        options = request_options(service, b"", list(self.passkeys))
        del options["challenge"]
        return {"passkey": options if self.passkeys else None, "password": self.password, "code": self.code}


def ways_to_approve(session: Session, service: Service, terms: Terms, signatory: Signatory) -> Ways:
    """Say how this person may approve; none at all is a possible answer.

    Who has a passkey that counts approves with it: the weaker way is closed, or whoever reads the person's mail could
    have a link sent, choose a password and sign without any officer noticing.
    """
    enrolled = passkeys.held_for(session, signatory.mandate_id)
    found = _that_count(session, signatory, enrolled)
    stored, seed = code_seeds.secrets(session, signatory.person_id)
    by_rules = stored is not None and terms.rules.minimum_assurance == "service"
    return Ways(
        tuple(found),
        password=by_rules and not found and _password_counts(service, seed),
        code=seed.confirmed,
        by_rules=by_rules,
        waiting=any(one.state == "waiting" for one in enrolled),
    )


def _password_counts(service: Service, seed: code_seeds.Standing) -> bool:
    """Whether a password may approve: beside codes that an officer admitted, where the settings say so."""
    return not service.settings.password_needs_code or all(seed)


def require_way(ways: Ways, signer: str) -> None:
    """Raise NotAllowedError, saying what is missing, where there is no way to approve."""
    if ways.passkeys or ways.password:
        return
    if ways.by_rules and not ways.waiting:
        if ways.code:
            raise NoWayToApproveError(
                "your one-time codes wait for the secretariat", hint="an officer compares the check words with you"
            )
        raise NoWayToApproveError(
            "you have set up neither an approval passkey nor one-time codes",
            hint="set one of them up, then an officer confirms it",
        )
    if signer == SECRETARIAT:
        raise NoWayToApproveError(
            "your passkey is not in the trust file", hint="enrol one and let an officer confirm it"
        )
    if ways.waiting:
        raise NoWayToApproveError(
            "your approval passkey waits for the secretariat's confirmation",
            hint="an officer compares the code with you first",
        )
    raise NoWayToApproveError(
        "before you sign you need an approval passkey",
        hint="make it on your device; an officer of the secretariat confirms that it is yours",
    )


def check_secret(service: Service, person_id: str, answer: Answer) -> None:
    """Check password and code, which takes time; raises WrongPasswordError. Nothing is to do for a passkey."""
    if isinstance(answer, Password):
        with service.database.look() as session:
            stored, seed = code_seeds.secrets(session, person_id)
        check_password_of(stored, answer.password)
        if seed.confirmed:
            codes.check(service, person_id, answer.code)


def approve(
    session: Session, service: Service, terms: Terms, signatory: Signatory, statement: bytes, answer: Answer
) -> Approval:
    """Give the approval of a statement, within the transaction of its act; nobody revokes its passkey until commit.

    Raises NotAllowedError where the sealed rules ask for a passkey, ApprovalError with the reason where the passkey
    does not stand for this act, person or mandate.
    """
    now = service.clock()
    if isinstance(answer, Password):
        if terms.rules.minimum_assurance != "service":
            raise NotAllowedError("this agreement asks for a passkey", hint="approve with the passkey you enrolled")
        if _that_count(session, signatory, passkeys.held_for(session, signatory.mandate_id)):
            raise NotAllowedError(
                "you have an approval passkey, so a password does not count",
                hint="approve with it; if you lost it, tell the secretariat, who takes it back",
            )
        seed = code_seeds.standing(session, signatory.person_id)
        if not _password_counts(service, seed):
            raise NotAllowedError(
                "your one-time codes wait for the secretariat", hint="an officer compares the check words with you"
            )
        method = "password+totp" if seed.confirmed else "password"
        return service_approval(statement, method, now)
    kind = "officer" if signatory.signer == SECRETARIAT else "approval"
    credential = credential_of(session, signatory.person_id, kind, answer.response, hold=True)
    assertion = assertion_of(answer.response, credential.key)
    approval = Approval(statement, assertion)
    expected = Expected(signer=signatory.signer, mandate=signatory.mandate.digest())
    verify_approval(approval, expected, at=now, relying_party=relying_party(service), credential_keys=[credential.key])
    _identify(session, signatory, credential, approval, now)
    note_use(session, credential, assertion, now)
    return approval


def _identify(
    session: Session, signatory: Signatory, credential: Credential, approval: Approval, now: datetime
) -> None:
    """Judge the passkey as the verifier will, by the record's events."""
    indices = [mandate_rows.get(session, signatory.mandate_id).entry_index]
    for enrolment, enrolled in passkeys.of_mandate(session, signatory.mandate_id):
        if enrolled.id == credential.id:
            indices += [enrolment.entry_index, enrolment.confirmation_index, enrolment.revocation_index]
    found = openings.by_index(session, sorted(index for index in indices if index is not None))
    events = [parse_canonical_json(opening.event) for opening in found if opening.event is not None]
    try:
        identify(approval, signatory.signer, events, current(session), now)
    except ApprovalError:
        raise
    except Exception as error:
        raise ApprovalError(str(error)) from error


def _that_count(session: Session, signatory: Signatory, enrolled: Sequence[passkeys.Held]) -> list[bytes]:
    """The credential ids of the passkeys by which this signatory may approve."""
    if signatory.signer != SECRETARIAT:
        return [one.credential_id for one in enrolled if one.counts]
    officer = current(session).officer(signatory.person_id)
    own = passkeys.of_person(session, signatory.person_id, "officer")
    return [one.credential_id for one in own if officer is not None and one.key in officer.keys]

"""Beginning a signature: who may, in which words, with which visible appearance (DESIGN 4a, steps 1 and 2).

An *attempt* is one signing from here to the receipt. What the person will approve is fixed when it begins::

    attempt = begin_attempt(service, person_id, agreement_id, "njupt:president", TypedMark("Lin"), "en")
    attempt["statement"]  # all but the one-time key, which the browser adds
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from signing_service.agreement.acts import Acts, may_sign
from signing_service.agreement.consent import consent_sentence, role_in
from signing_service.agreement.terms import SECRETARIAT, Terms, field_of
from signing_service.approval import Statement
from signing_service.encoding import parse_canonical_json, sha256_hex, to_base64url
from signing_service.errors import ConflictError, NotAllowedError, NotFoundError
from signing_service.pdf.appearance import AppearanceInput, draw_appearance
from signing_service.pdf.delta import signature_delta
from signing_service.pdf.marks import Mark
from signing_service.pdf.pictures import picture_of_field
from signing_service.store import attempts
from signing_service.store.attempts import AttemptRow
from signing_service.store.identifiers import new_id
from signing_service.workflow.approvals import Ways, require_way, ways_to_approve
from signing_service.workflow.download import check_party
from signing_service.workflow.mandates import officer_mandate
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service
from signing_service.workflow.state import Published, Signatory, load_acts, load_mandate, load_published, tail_of

ATTEMPT_LIFETIME = timedelta(minutes=15)  # from "begin" to the signature
SECRETARIAT_NAME = {"en": "Secretariat", "zh": "秘书处", "ru": "Секретариат", "th": "สำนักเลขาธิการ"}
OFFICER_TITLE = {"en": "Officer", "zh": "官员", "ru": "Сотрудник", "th": "เจ้าหน้าที่"}


def unfinished_since(service: Service, person_id: str, agreement_id: str, signer: str) -> datetime | None:
    """When the person approved a signature that has not arrived; None where there is none, or it has expired."""
    with service.database.read() as session:
        attempt = attempts.newest(session, agreement_id, signer, person_id)
        if attempt is None or attempt.state != "approved" or attempt.expires <= service.clock():
            return None
        return attempt.created


def begin_attempt(
    service: Service, person_id: str, agreement_id: str, signer: str, mark: Mark, consent_language: str
) -> dict[str, Any]:
    """Fix what the person is about to approve; return the attempt as docs/formats.md describes for browsers.

    Raises NotFoundError where the person has no mandate for this signer, NotAllowedError and ConflictError as
    may_sign, InputError on a mark or language that cannot be used.
    """
    now = service.clock()
    with service.database.begin() as session:
        check_party(session, person_id, agreement_id)
        published = load_published(session, agreement_id)
        signatory = _signatory(session, service, published, person_id, signer, now)
        check_may_act(session, published, signatory, now)
        ways = ways_to_approve(session, service, published.terms, signatory)
        require_way(ways, signer)
        body = draw_appearance(
            _appearance(published, signatory, mark, ways, now), service.fonts, published.layout.resources
        )
        statement = _statement(published, signatory, body, consent_language, now + ATTEMPT_LIFETIME)
        attempt = AttemptRow(
            id=new_id(),
            agreement=agreement_id,
            signer=signer,
            person=person_id,
            mandate=signatory.mandate_id,
            act=signatory.act,
            created=now,
            expires=now + ATTEMPT_LIFETIME,
            appearance=body,
            statement=statement.to_json(),
        )
        attempts.add(session, attempt)
    members = parse_canonical_json(statement.to_json())
    del members["key"]
    return {
        "attempt": attempt.id,
        "act": attempt.act,
        "field": field_of(signer),
        "statement": members,
        "approvals": ways.to_value(service),
        "appearance": to_base64url(body),
        "preview": to_base64url(_preview(service, published, signer, body, now)),
    }


def place_of(service: Service, attempt_id: str) -> tuple[str | None, str | None]:
    """The agreement and signer of an attempt; None and None for an unknown one."""
    with service.database.read() as session:
        try:
            attempt = attempts.find(session, attempt_id)
        except NotFoundError:
            return None, None
        return attempt.agreement, attempt.signer


def _preview(service: Service, published: Published, signer: str, body: bytes, now: datetime) -> bytes:
    first = published.first
    with service.database.read() as session:
        pdf = service.prefixes.bytes_of(session, published.id, first)
    field = field_of(signer)
    delta = signature_delta(published.layout, tail_of(first), field, name="", reason="", time=now, appearance=body)
    return picture_of_field(pdf, published.layout.field(field), delta.data)


def check_may_act(session: Session, published: Published, signatory: Signatory, now: datetime) -> Acts:
    """Raise unless rules, mandate, office and the acts so far permit this signatory's act now; gives those acts.

    An officer's mandate to countersign outlives the office, so the office is asked for each time.
    """
    if signatory.signer == SECRETARIAT:
        require(session, signatory.person_id, "secretariat")
    done = load_acts(session, published.id)
    may_sign(published.terms, done, signatory.signer, now)
    signatory.mandate.check_for(published.terms, signatory.signer)
    signatory.mandate.check_valid_at(now)
    return done


def load_signatory(session: Session, attempt: AttemptRow) -> Signatory:
    """The signatory of an attempt whose mandate is still in force; raises NotFoundError."""
    found = load_mandate(session, attempt.agreement, attempt.signer, attempt.person)
    if found is None or found[0] != attempt.mandate:
        raise NotFoundError("the mandate of this attempt is no longer in force", hint="ask the secretariat")
    return Signatory(attempt.signer, attempt.person, *found)


def check_alive(attempt: AttemptRow | attempts.Asked, now: datetime) -> None:
    """Raise NotAllowedError where an attempt has expired before it was complete, or its passkey was revoked."""
    if attempt.state != "complete" and now >= attempt.expires:
        raise NotAllowedError("this attempt to sign has expired; nothing was signed", hint="begin again")


def signed_already() -> ConflictError:
    """The error for a person who has signed, here or in another window."""
    return ConflictError("you have signed already", hint="your receipt is on the agreement's page")


def own_attempt(session: Session, person_id: str, attempt_id: str, *, lock: bool = False) -> AttemptRow:
    """An attempt of this person; raises NotFoundError for anybody else's, as for none."""
    attempt = attempts.find(session, attempt_id, lock=lock)
    if attempt.person != person_id:
        raise NotFoundError("there is no such attempt")
    return attempt


def _signatory(
    session: Session, service: Service, published: Published, person_id: str, signer: str, now: datetime
) -> Signatory:
    found = load_mandate(session, published.id, signer, person_id)
    if found is None and signer == SECRETARIAT:
        found = officer_mandate(session, service, published.id, person_id, now)
    if found is None:
        raise NotFoundError("you have no mandate to sign as %(signer)s", hint="ask the secretariat", signer=signer)
    return Signatory(signer, person_id, *found)


def _appearance(published: Published, signatory: Signatory, mark: Mark, ways: Ways, now: datetime) -> AppearanceInput:
    slot = published.layout.field(field_of(signatory.signer))
    names = signatory.mandate.representative
    if signatory.signer == SECRETARIAT:
        party, role, time_zone = SECRETARIAT_NAME["en"], OFFICER_TITLE["en"], "UTC"
    else:
        whole = published.terms.signer(signatory.signer)
        party, role, time_zone = whole.party.name, _in_english(published.terms, whole.role.title), whole.party.time_zone
    return AppearanceInput(
        width=int(slot.width),
        height=int(slot.height),
        name=names.name,
        native_name=names.native_name,
        party=party,
        role=role,
        time=now,
        time_zone=time_zone,
        mark=mark,
        assurance=_assurance(ways),
    )


def _in_english(terms: Terms, texts: Mapping[str, str]) -> str:
    """The English text, or the one in the agreement's first language where it has no English."""
    return texts.get("en") or texts[terms.languages[0]]


def _assurance(ways: Ways) -> str:
    """How the act will be approved, in a word; nothing where the person still has the choice."""
    if ways.passkeys:
        return "" if ways.password else "passkey"
    return "password"


def _statement(published: Published, signatory: Signatory, body: bytes, language: str, expires: datetime) -> Statement:
    return Statement(
        act=signatory.act,
        agreement=published.id,
        revision0=published.revision0_sha256,
        signer=signatory.signer,
        mandate=signatory.mandate.digest(),
        consent=consent_for(published.terms, signatory.signer, signatory.act, language),
        consent_language=language,
        key=b"",
        appearance=sha256_hex(body),
        expires=expires,
    )


def consent_for(terms: Terms, signer: str, act: str, language: str) -> str:
    """The exact sentence that stands for ``act`` of ``signer``, with the agreement's words in that language."""
    title = terms.title.get(language) or terms.title[terms.languages[0]]
    if signer == SECRETARIAT:
        party, role = SECRETARIAT_NAME.get(language, "Secretariat"), OFFICER_TITLE.get(language, "Officer")
    else:
        whole = terms.signer(signer)
        native = whole.party.native_language == language
        party = whole.party.native_name if native else whole.party.name
        role = role_in(whole.role.title, language, terms.languages[0])
    return consent_sentence(act, language, title=title, version=terms.version, party=party, role=role)


def with_key(statement: bytes, spki: bytes) -> Statement:
    """The stored statement, completed by the browser's one-time key (DER SPKI)."""
    return replace(Statement.from_json(statement), key=spki)

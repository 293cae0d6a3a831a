"""Every address of the service and who may ask it: the one table that tests/web/test_every_route.py goes by.

A row names who is let in; for all others there is no such thing. ``get`` is what a GET answers to who is let in, about
the agreement ``A`` and Lin's things in it; ``body`` (JSON) or ``form`` is what a POST sends, well formed, so that a
refusal is for who asks. Roles are those of docs/roles.md, seen from Lin's university:

lin
    signs A, and has signed
other
    represents the other party of A
reader
    observes A
stranger, guest
    represents, or attests for, a party of another agreement
operator, officer, lead
    hold that office
table
    the stranger, at the signing table
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from signing_service.encoding import to_base64url
from tests.cast import PASSWORD
from tests.workflow.world import OneTimeKey

OFFICERS = frozenset(("officer", "lead"))
SIGNED_IN = frozenset(("lin", "other", "reader", "stranger", "guest", "operator", "officer", "lead", "table"))
EVERYBODY = SIGNED_IN | {"anybody"}
PARTIES = OFFICERS | {"lin", "other"}  # who has the evidence
READERS = PARTIES | {"reader"}
LIN = frozenset(("lin",))
LEADS = frozenset(("lead",))
SERVICE = LEADS | {"operator"}
ROLES = sorted(EVERYBODY)


@dataclass(frozen=True, slots=True)
class Route:
    """Who may ask an endpoint, and what the answer is."""

    who: frozenset[str]
    get: int = 200
    body: dict[str, Any] | None = None
    form: dict[str, str] = field(default_factory=dict)


def public(get: int = 200) -> Route:
    return Route(EVERYBODY, get)


_REQUEST = to_base64url(OneTimeKey().request)
_JSON: dict[str, Any] = {}
_APPROVAL = {"password": PASSWORD}
_ANSWER: dict[str, Any] = {"answer": {}}

ROUTES: dict[str, Route] = {
    "access.admit_codes": Route(OFFICERS, form={"check": "x"}),
    "access.confirm_login": Route(OFFICERS, form={"subject": "x"}),
    "access.end_login": Route(OFFICERS),
    "access.end_sessions": Route(OFFICERS),
    "access.expect_login": Route(OFFICERS, form={"provider": "x", "email": "x@a.example"}),
    "access.reset_codes": Route(OFFICERS),
    "access.revoke_passkey": Route(OFFICERS, form={"reason": "lost"}),
    "access.set_language": Route(OFFICERS, form={"locale": "zh"}),
    "access.show": Route(OFFICERS),
    "account.invitation": Route(EVERYBODY - {"table"}),
    "account.sign_in": Route(EVERYBODY - {"table"}, 302),
    "account.prove": Route(SIGNED_IN - {"table"}, 303),
    "account.sign_out": Route(EVERYBODY),
    "api.accept_invitation": public(),
    "api.approve": Route(LIN, body={"request": _REQUEST, "statement": "AA", "approval": _APPROVAL}),
    "api.begin": Route(LIN, body={"signer": "njupt:president", "mark": {"typed": "Lin"}, "consent_language": "en"}),
    "api.complete": Route(LIN, body={"signature": "AA", "revision": 0}),
    "api.open_invitation": public(),
    "api.refusal_options": Route(LIN, body={"signer": "njupt:president", "reason": "no", "consent_language": "en"}),
    "api.refuse": Route(LIN, body={"signer": "njupt:president", "reason": "no", "approval": _APPROVAL}),
    "api.session_state": Route(SIGNED_IN),
    "api.state": Route(LIN),
    "corrections.correct": Route(OFFICERS, form={"name": "Lin Shuyi", "email": "lin@njupt.example"}),
    "feeds.make": Route(OFFICERS, form={"party": "njupt"}),
    "feeds.revoke": Route(OFFICERS),
    "feeds.show": Route(OFFICERS),
    "following.choose": Route(OFFICERS),
    "following.remind": Route(OFFICERS),
    "hall.page": public(),
    "hall.state": public(),
    "hall.status": public(),
    "observers.end": Route(OFFICERS),
    "observers.invite": Route(OFFICERS),
    "observers.show": Route(OFFICERS),
    "offices.add": Route(LEADS, form={"name": "Eve", "email": "eve@a.example", "locale": "en", "office": "officer"}),
    "offices.change": Route(LEADS, form={"office": "operator"}),
    "offices.give": Route(LEADS, form={"person": "nobody", "office": "officer"}),
    "offices.show": Route(OFFICERS),
    "operations.metrics": public(),  # from this machine; tests/web/test_operations.py asks from others
    "operations.ready": public(),
    "own.account": Route(SIGNED_IN - {"table"}),
    "own.begin_codes": Route(SIGNED_IN - {"table"}),
    "own.clock": Route(SIGNED_IN),
    "own.confirm_codes": Route(SIGNED_IN - {"table"}, form={"code": "000000"}),
    "own.end": Route(frozenset()),  # Lin's session is nobody else's to end; Lin ends it in tests/web
    "own.end_others": Route(SIGNED_IN - {"table"}),
    "own.show_codes": Route(SIGNED_IN - {"table"}),
    "own.stay": Route(SIGNED_IN),
    "own_certificate.release": Route(READERS),  # a turn that one does not hold stays as it is
    "own_certificate.reserve": Route(LIN),
    "own_certificate.show": Route(LIN, 404),
    "own_certificate.to_sign": Route(LIN, 404),  # Lin has signed
    "own_certificate.upload": Route(LIN),
    "drafting.correct": Route(OFFICERS),
    "drafting.edit": Route(OFFICERS, 409),  # A is published
    "drafting.new": Route(OFFICERS),
    "extension.extend": Route(LEADS, body={"answer": {}}),
    "extension.options": Route(LEADS, body={"until": "2025-04-11T08:00", "zone": "UTC", "reason": "x"}),
    "extension.show": Route(LEADS),
    "paper.attest": Route(OFFICERS, body={"answer": {}, "scan": "AA"}),
    "paper.options": Route(OFFICERS, body={"signed_on": "2025-04-11", "scan": "AA"}),
    "paper.scan": Route(OFFICERS, 404),  # nobody has signed A on paper
    "paper.show": Route(OFFICERS),
    "passkey_pages.confirmations": Route(OFFICERS),
    "passkey_pages.enrol": Route(LIN),
    "passkey_pages.own": Route(SIGNED_IN - {"table"}),
    "passkeys.begin_addition": Route(LEADS, body=_JSON),
    "passkeys.begin_confirmation": Route(OFFICERS, body={"method": "video"}),
    "passkeys.begin_removal": Route(LEADS, body=_JSON),
    "passkeys.confirm": Route(OFFICERS, body=_ANSWER),
    "passkeys.enrol": Route(LIN, body={"signer": "njupt:president", "answer": {}}),
    "passkeys.enrol_again": Route(LIN, body={"signer": "njupt:president"}),
    "passkeys.own_enrolments": Route(LIN),
    "passkeys.refuse": Route(OFFICERS, body=_JSON),
    "passkeys.register_login": Route(SIGNED_IN - {"table"}, body=_ANSWER),
    "passkeys.register_officer_key": Route(OFFICERS, body=_ANSWER),
    "passkeys.registration_options": Route(SIGNED_IN, body={"kind": "approval"}),
    "passkeys.revoke": Route(LIN | OFFICERS, body={"reason": "lost"}),
    "passkeys.sign_in": Route(EVERYBODY - {"table"}, body={"answer": {}, "next": "/"}),
    "passkeys.sign_in_options": Route(EVERYBODY - {"table"}, body=_JSON),
    "passkeys.step_up": Route(SIGNED_IN - {"table"}, body=_ANSWER),
    "passkeys.step_up_options": Route(SIGNED_IN - {"table"}, body=_JSON),
    "passkeys.succeed": Route(LEADS, body=_ANSWER),
    "passkeys.waiting": Route(OFFICERS),
    "public.choose_language": public(302),
    "public.earlier_trust_file": public(404),
    "public.font": public(),
    "public.han_style_sheet": public(),
    "public.health": public(),
    "public.home": public(),
    "public.root_certificate": public(),
    "public.trust": public(),
    "public.trust_file": public(),
    "public.yellow_mark": public(),
    "questions.answer": Route(OFFICERS, form={"answer": "yes"}),
    "questions.everybodys": Route(OFFICERS),
    "questions.own": Route(READERS),
    "record.checkpoint": public(),
    "record.feed": public(404),  # its token opens it, whoever asks
    "record.state": public(),
    "record.tile": public(),
    "record.timestamp": public(),
    "representative.agreement": Route(READERS),
    "representative.decline": Route(LIN, 409),
    "representative.evidence": Route(PARTIES),
    "representative.home": Route(SIGNED_IN - {"table"}),
    "representative.page": Route(READERS),
    "representative.pdf": Route(READERS),
    "representative.receipt": Route(LIN),
    "representative.receipt_file": Route(LIN),
    "representative.revision": Route(READERS),
    "rules_form.edit": Route(OFFICERS),
    "secretariat.agreement": Route(OFFICERS),
    "secretariat.correct": Route(OFFICERS),
    "secretariat.dashboard": Route(OFFICERS),
    "secretariat.history": Route(OFFICERS),
    "secretariat.invite": Route(OFFICERS),
    "secretariat.new_draft": Route(OFFICERS),
    "secretariat.people": Route(OFFICERS, form={"name": "Eve", "email": "eve@a.example", "locale": "en"}),
    "secretariat.preview": Route(OFFICERS),
    "secretariat.preview_page": Route(OFFICERS),
    "secretariat.publish": Route(OFFICERS, form={"sure": "y"}),  # the use case says why no officer may
    "secretariat.replace_draft": Route(OFFICERS),
    "service_state.show": Route(SERVICE),
    "signing_table.ask": Route(OFFICERS, 409),  # Lin has signed
    "signing_table.finish": Route(SIGNED_IN),
    "signing_table.free": public(),
    "signing_table.hand_over": Route(OFFICERS),
    "signing_table.places": Route(OFFICERS),
    "sources.authorities": Route(OFFICERS),
    "sources.begin_with_specimen": Route(OFFICERS),
    "sources.present": Route(OFFICERS),
    "sources.specimen": Route(OFFICERS),
    "spreadsheets.choose": Route(OFFICERS),
    "spreadsheets.history": Route(OFFICERS),
    "spreadsheets.look": Route(OFFICERS),
    "spreadsheets.parties": Route(OFFICERS),
    "spreadsheets.people": Route(OFFICERS),
    "spreadsheets.take": Route(OFFICERS, form={"content": "", "organ": "Council"}),
    "static": public(),
    "university.begin": Route(EVERYBODY - {"table"}, 404),  # no university is connected here
    "university.finish": Route(EVERYBODY - {"table"}, 404),
    "verification.ask": Route(EVERYBODY - {"table"}),
    "verification.check": Route(EVERYBODY - {"table"}),
    "verification.report": Route(PARTIES),
    "well_known.favicon": public(),
    "well_known.robots": public(),
    "well_known.security": public(404),  # the settings name no contact here
    "who_signs.give_mandate": Route(OFFICERS, form={"person": "x", "organ": "Council", "reason": "ill"}),
    "who_signs.representatives": Route(OFFICERS),
    "withdrawal.withdraw": Route(LEADS, form={"reason": "a typo", "sure": "y"}),
}

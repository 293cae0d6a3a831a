"""The part of a page where its reader signs: what the template shows and what the script checks against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babel import Locale
from cryptography.hazmat.primitives.serialization import Encoding
from flask import url_for
from flask_babel import get_locale

from signing_service.agreement.consent import CONSENT_LANGUAGES
from signing_service.agreement.terms import SECRETARIAT
from signing_service.encoding import to_base64url
from signing_service.web.names import party_name
from signing_service.web.presentation import in_language, language_tag
from signing_service.workflow.attempts import OFFICER_TITLE, SECRETARIAT_NAME
from signing_service.workflow.overview import AgreementView
from signing_service.workflow.service import Service
from signing_service.workflow.signing_page import OwnSigning, own_signing

MAX_TYPED = 60  # characters, as the visible signature takes them


@dataclass(frozen=True, slots=True)
class SigningSection:
    """One signature that the reader of a page may give."""

    own: OwnSigning
    party_name: str
    role_title: str
    trust: dict[str, str]

    @property
    def act(self) -> str:
        return self.own.act

    @property
    def anchor(self) -> str:
        """For ids in the page."""
        return self.own.signer.replace(":", "-")

    @property
    def representative(self) -> str:
        return self.own.mandate.representative.name

    @property
    def signature_name(self) -> str:
        """What the typed signature says at first."""
        person = self.own.mandate.representative
        return (person.native_name or person.name)[:MAX_TYPED]

    @property
    def now_named(self) -> str:
        """How the reader is called by now, where the agreement has an older name."""
        return self.own.now_named

    @property
    def email(self) -> str:
        return self.own.email

    def page(self) -> dict[str, Any]:
        """What the browser's checks compare with (static/signing/checks.js), and where they ask."""
        own = self.own
        return {
            "act": own.act,
            "agreement": own.agreement,
            "revision0": own.revision0_sha256,
            "signer": own.signer,
            "field": own.field,
            "mandate": own.mandate.digest(),
            "representative": self.representative,
            "organization": own.organization,
            "country": own.country,
            "reason": own.reason,
            "consent_language": consent_language(),
            "trust": self.trust,
            "urls": {
                "attempts": url_for("api.begin", agreement_id=own.agreement),
                "attempt": _prefix("api.state", "-", attempt_id="-"),
                "revisions": _prefix("representative.revision", "0.pdf", agreement_id=own.agreement, number=0),
                "session": url_for("api.session_state"),
                "receipt": url_for("representative.receipt_file", agreement_id=own.agreement, signer=own.signer),
                "receipt_page": url_for("representative.receipt", agreement_id=own.agreement, signer=own.signer),
            },
        }


def _prefix(endpoint: str, end: str, **values: Any) -> str:
    """An address without its last part, which the script puts there itself."""
    return url_for(endpoint, **values).removesuffix(end)


def consent_language() -> str:
    """The language in which the consent sentence is shown: the interface's, where there is one."""
    tag = language_tag(get_locale() or Locale("en"))
    return tag if tag in CONSENT_LANGUAGES else "en"


def signing_section(service: Service, person_id: str, view: AgreementView, signer: str) -> SigningSection:
    """Gather everything for one signature; raises as own_signing."""
    own = own_signing(service, person_id, view.id, signer)
    if signer == SECRETARIAT:
        party, role_title = in_language(SECRETARIAT_NAME), in_language(OFFICER_TITLE)
    else:
        whole = view.terms.signer(signer)
        party, role_title = party_name(whole.party), in_language(whole.role.title)
    trust = {
        "record_key": str(service.trust.record_key),
        "root": to_base64url(service.trust.root.public_bytes(Encoding.DER)),
    }
    return SigningSection(own, party, role_title, trust)
